// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/duration.hpp"

#include "muster/broker_config.hpp"

namespace muster::bootstrap {

Result<std::chrono::milliseconds> parse_bounded_duration(std::string_view text) {
    constexpr double longest = 3650.0 * 86400;  // ten years of seconds: nothing overflows
    const auto seconds = broker_config::parse_duration(text);
    if (!seconds)
        return fail(Kind::usage, "'{}' is no duration: a number with ms, s, m, h or d", text);
    if (*seconds > longest) return fail(Kind::usage, "'{}' is longer than ten years", text);
    return std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000));
}

}  // namespace muster::bootstrap
