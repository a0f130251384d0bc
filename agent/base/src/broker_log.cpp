// SPDX-License-Identifier: Apache-2.0
#include "muster/base/broker_log.hpp"

#include <algorithm>
#include <array>

namespace muster {
namespace {

constexpr std::array<std::string_view, 8> severities{"emerg",   "alert",  "crit", "err",
                                                     "warning", "notice", "info", "debug"};

constexpr std::array<std::string_view, 13> states{
    "none",     "load-builtins", "join",    "config-sync",     "init", "quorum", "run", "cleanup",
    "shutdown", "finalize",      "goodbye", "unload-builtins", "exit"};

bool is_state(std::string_view word) {
    return std::ranges::find(states, word) != states.end();
}

/// Lower-case letters, digits, dashes and underscores at the beginning of `text`.
std::string_view leading_word(std::string_view text) {
    const auto end = std::ranges::find_if_not(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

}  // namespace

std::optional<int> parse_severity(std::string_view name) {
    const auto found = std::ranges::find(severities, name);
    if (found == severities.end()) return {};
    return static_cast<int>(found - severities.begin());
}

std::optional<BrokerLine> parse_broker_line(std::string_view line) {
    constexpr std::string_view end_of_origin = "]: ";
    BrokerLine parsed;
    parsed.module = leading_word(line);
    auto rest = line.substr(parsed.module.size());
    if (parsed.module.empty() || !rest.starts_with('.')) return {};
    const auto name = leading_word(rest.substr(1));
    rest.remove_prefix(1 + name.size());
    const auto severity = parse_severity(name);
    const auto close = rest.find(end_of_origin);
    if (!severity || !rest.starts_with('[') || close == std::string_view::npos) return {};
    parsed.severity = *severity;
    parsed.who = rest.substr(1, close - 1);
    if (parsed.who.empty() || parsed.who.find(' ') != std::string_view::npos) return {};
    parsed.message = rest.substr(close + end_of_origin.size());
    parsed.origin = line.substr(0, line.size() - rest.size() + close + 1);
    return parsed;
}

std::optional<BrokerLine> find_broker_line(std::string_view line) {
    const auto close = line.find("]: ");
    if (close == std::string_view::npos) return {};
    const auto blank = line.substr(0, close).rfind(' ');
    return parse_broker_line(line.substr(blank == std::string_view::npos ? 0 : blank + 1));
}

bool has_priority(std::string_view line) {
    return line.size() > 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>';
}

std::span<const std::string_view> broker_states() {
    return states;
}

std::optional<Transition> parse_transition(std::string_view line) {
    const auto parsed = parse_broker_line(line);
    if (!parsed || !parsed->origin.starts_with("broker.info[")) return {};
    Transition step{.event = leading_word(parsed->message)};
    auto rest = parsed->message.substr(step.event.size());
    if (step.event.empty() || !rest.starts_with(": ")) return {};
    rest.remove_prefix(2);
    const auto arrow = rest.find("->");
    if (arrow == std::string_view::npos) return {};
    step.from = rest.substr(0, arrow);
    step.to = leading_word(rest.substr(arrow + 2));
    if (!is_state(step.from) || !is_state(step.to)) return {};
    return step;
}

}  // namespace muster
