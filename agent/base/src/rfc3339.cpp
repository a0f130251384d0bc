// SPDX-License-Identifier: Apache-2.0
#include "muster/base/rfc3339.hpp"

#include <cstdint>
#include <ctime>

namespace muster {
namespace {

/// A number of exactly `digits` digits at the beginning of `text`, which loses it and `after`.
std::optional<int> take_number(std::string_view& text, std::size_t digits, char after) {
    if (text.size() < digits) return {};
    int number = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9') return {};
        number = number * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    if (after == 0) return number;
    if (!text.starts_with(after)) return {};
    text.remove_prefix(1);
    return number;
}

/// ".123456" at the beginning of `text`, which loses it.
std::optional<Duration> take_fraction(std::string_view& text) {
    if (!text.starts_with('.')) return Duration::zero();
    text.remove_prefix(1);
    std::int64_t nanoseconds = 0;
    std::int64_t unit = 100'000'000;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        nanoseconds += unit * (text[digits] - '0');
        unit /= 10;
    }
    if (digits == 0) return {};
    text.remove_prefix(digits);
    return Duration(nanoseconds);
}

/// "Z", "+01:00" or "-01:00", and nothing else.
std::optional<Duration> take_zone(std::string_view text) {
    if (text == "Z") return Duration::zero();
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return {};
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = take_number(text, 2, ':');
    const auto minutes = take_number(text, 2, 0);
    if (!hours || !minutes) return {};
    return sign * (std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    const auto year = take_number(text, 4, '-');
    const auto month = year ? take_number(text, 2, '-') : std::nullopt;
    const auto day = month ? take_number(text, 2, 0) : std::nullopt;
    if (!day || text.empty() || (text[0] != 'T' && text[0] != 't')) return {};
    text.remove_prefix(1);
    const auto hour = take_number(text, 2, ':');
    const auto minute = hour ? take_number(text, 2, ':') : std::nullopt;
    const auto second = minute ? take_number(text, 2, 0) : std::nullopt;
    if (!second || *year < 1970 || *year > 2090 || *month < 1 || *month > 12 || *day < 1 ||
        *day > 31 || *hour > 23 || *minute > 59 || *second > 60)
        return {};
    const auto fraction = take_fraction(text);
    const auto zone = fraction ? take_zone(text) : std::nullopt;
    if (!zone) return {};
    std::tm utc{};
    utc.tm_year = *year - 1900;
    utc.tm_mon = *month - 1;
    utc.tm_mday = *day;
    utc.tm_hour = *hour;
    utc.tm_min = *minute;
    utc.tm_sec = *second;
    return WallTime(std::chrono::seconds(::timegm(&utc)) + *fraction - *zone);
}

}  // namespace muster
