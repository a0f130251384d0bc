// SPDX-License-Identifier: Apache-2.0
// What a broker's log says of its states.
#include <array>
#include <charconv>
#include <cmath>

#include "muster/base/broker_log.hpp"
#include "muster/base/rfc3339.hpp"
#include "muster/timeline/record.hpp"

namespace muster::timeline {
namespace {

constexpr std::string_view origin = "broker.info[";
constexpr double longest = 1e8;            // seconds in one state
constexpr std::size_t most_states = 1000;  // of one life

/// A duration as Flux writes it (RFC 23, and "1.2e+03s"): a number and ms, s, m, h or d.
std::optional<Duration> parse_duration(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || !std::isfinite(number) || number < 0) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    struct Unit {
        std::string_view name;
        double seconds;
    };
    constexpr std::array<Unit, 6> units{
        {{"s", 1}, {"ms", 1e-3}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"us", 1e-6}}};
    for (const auto& unit : units) {
        if (text != unit.name) continue;
        const double seconds = std::min(number * unit.seconds, longest);
        return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    }
    return {};
}

/// The last word before the broker's words that is a time.
std::optional<WallTime> find_time(std::string_view before) {
    while (!before.empty()) {
        const auto blank = before.find_last_of(" \t");
        const auto begin = blank == std::string_view::npos ? 0 : blank + 1;
        if (const auto time = parse_rfc3339(before.substr(begin))) return time;
        before = before.substr(0, begin == 0 ? 0 : blank);
    }
    return {};
}

}  // namespace

std::optional<LogStep> parse_log_step(std::string_view line) {
    const auto at = line.find(origin);
    if (at == std::string_view::npos) return {};
    LogStep found;
    const auto words = line.substr(at);
    const auto number = words.substr(origin.size());
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), found.rank);
    if (error != std::errc{} || found.rank >= most_ranks) return {};
    const auto step = parse_transition(words);
    if (!step) return {};
    found.step.from = step->from;
    found.step.to = step->to;
    const auto blank = words.find_last_of(' ');
    const auto lasted =
        parse_duration(words.substr(blank + 1, words.find_last_not_of("\r") - blank));
    found.step.lasted = lasted.value_or(Duration::zero());
    auto before = line.substr(0, at);
    if (before.ends_with('>')) before = before.substr(0, before.find_last_of('<'));  // "<6>"
    while (before.ends_with(' ')) before.remove_suffix(1);
    found.step.at = find_time(before);
    return found;
}

std::vector<Record::State> last_life(const Record& record) {
    if (!record.states.empty()) return record.states;
    std::vector<Record::State> states;
    std::optional<WallTime> last;
    if (record.report && !record.report->phases.empty())
        last = record.report->phases.back().begun + record.report->phases.back().took;
    for (const auto& step : record.steps) {
        if (step.from == "load-builtins" || step.from == "none" ||
            (step.from == "join" && (states.empty() || states.back().name != "join")))
            states.clear();  // another life
        const auto at = step.at ? step.at : last ? std::optional(*last + step.lasted) : last;
        if (!at || states.size() >= most_states) continue;
        if (states.empty()) states.push_back({step.from, *at - step.lasted});
        states.push_back({step.to, std::max(*at, states.back().entered)});
        last = at;
    }
    return states;
}

}  // namespace muster::timeline
