// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/duration.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace muster::broker_config {
namespace {

struct Unit {
    std::string_view suffix;
    double seconds;
};

constexpr std::array<Unit, 6> units{
    {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}};

constexpr bool starts_a_number(char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '+' || c == 'i' || c == 'I';
}

}  // namespace

Result<double> parse_duration(std::string_view text) {
    const auto refuse = [&] {
        return fail(Kind::config,
                    "'{}' is not a Flux Standard Duration (a number and ms, s, m, h or d, like 5s)",
                    text);
    };
    const std::string copy(text);
    if (copy.empty() || copy.size() != std::string_view(copy.c_str()).size() ||
        !starts_a_number(copy.front()))
        return refuse();
    char* end = nullptr;
    const double number = std::strtod(copy.c_str(), &end);
    if (end == copy.c_str() || std::isnan(number) || number < 0) return refuse();
    const std::string_view suffix(end);
    if (std::isinf(number) && !suffix.empty()) return refuse();
    for (const auto& unit : units)
        if (unit.suffix == suffix) return number * unit.seconds;
    return refuse();
}

std::string format_duration(double seconds) {
    if (std::isinf(seconds)) return "infinity";
    if (seconds != 0 && seconds < 0.1) return fmt::format("{:.6g}ms", seconds * 1000);
    if (seconds < 60) return fmt::format("{:.6g}s", seconds);
    if (seconds < 3600) return fmt::format("{:.6g}m", seconds / 60);
    if (seconds < 86400) return fmt::format("{:.6g}h", seconds / 3600);
    return fmt::format("{:.6g}d", seconds / 86400);
}

}  // namespace muster::broker_config
