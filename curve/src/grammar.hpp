// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

namespace muster::curve {

/// Characters of certificate metadata, as libzmqutil/cert.c of flux-core (>= 0.55) accepts them.
/// ASCII whatever the locale.
constexpr bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_key_character(char c) {
    return is_alphanumeric(c) || c == '-' || c == '.';
}
constexpr bool is_value_character(char c) {
    return is_alphanumeric(c) ||
           std::string_view(".-:+=^!/*?&<>()[]{}@%$# \t").find(c) != std::string_view::npos;
}

}  // namespace muster::curve
