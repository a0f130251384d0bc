// SPDX-License-Identifier: Apache-2.0
#include "muster/base/environment.hpp"

#include <unistd.h>

#include <string_view>

namespace muster {

Environment environment() {
    Environment result;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        result.try_emplace(std::string(text.substr(0, equals)), text.substr(equals + 1));
    }
    return result;
}

std::vector<std::string> format_environment(const Environment& environment) {
    std::vector<std::string> result;
    result.reserve(environment.size());
    for (const auto& [name, value] : environment) result.push_back(name + "=" + value);
    return result;
}

}  // namespace muster
