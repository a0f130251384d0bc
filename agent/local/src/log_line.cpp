// SPDX-License-Identifier: Apache-2.0
#include "muster/local/log_line.hpp"

#include <array>
#include <charconv>

namespace muster::local {
namespace {

constexpr std::array<std::string_view, 8> severity_names = {"emerg",   "alert",  "crit", "err",
                                                            "warning", "notice", "info", "debug"};

std::optional<Severity> parse_severity(std::string_view name) {
    if (name == "error") return Severity::err;  // muster's word for it
    for (std::size_t i = 0; i < severity_names.size(); ++i)
        if (severity_names.at(i) == name) return static_cast<Severity>(i);
    return {};
}

/// Letters, digits and dashes at the beginning of `text`.
std::string_view leading_word(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size()) {
        const char c = text[end];
        const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!part) break;
        ++end;
    }
    return text.substr(0, end);
}

/// "MODULE.SEVERITY[WHO]: "
std::optional<Severity> parse_broker_origin(std::string_view text) {
    const std::string_view module = leading_word(text);
    text.remove_prefix(module.size());
    if (module.empty() || !text.starts_with('.')) return {};
    const std::string_view name = leading_word(text.substr(1));
    text.remove_prefix(1 + name.size());
    const std::size_t close = text.find("]: ");
    if (!text.starts_with('[') || close == std::string_view::npos || close < 2) return {};
    if (text.find(' ') < close) return {};
    return parse_severity(name);
}

/// "muster: SEVERITY: ", "muster[3]: SEVERITY: ", "muster-init: "
std::optional<Severity> parse_muster_origin(std::string_view text) {
    const std::string_view program = leading_word(text);
    if (program != "muster" && !program.starts_with("muster-")) return {};
    text.remove_prefix(program.size());
    if (text.starts_with('[')) text.remove_prefix(std::min(text.find(']'), text.size() - 1) + 1);
    if (!text.starts_with(": ")) return {};
    text.remove_prefix(2);
    const std::string_view name = leading_word(text);
    const bool named = text.substr(name.size()).starts_with(": ");
    if (named)
        if (const auto severity = parse_severity(name)) return severity;
    // muster-init has no severities, and speaks only when something is out of order.
    return program == "muster-rehearsal" ? Severity::info : Severity::warning;
}

/// "<6>" before more.
bool is_numbered(std::string_view text) {
    return text.size() > 3 && text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>';
}

bool is_state(std::string_view word) {
    constexpr std::array<std::string_view, 13> states = {
        "none", "load-builtins", "join",     "config-sync", "init",    "quorum",
        "run",  "cleanup",       "shutdown", "finalize",    "goodbye", "unload-builtins",
        "exit"};
    for (const auto& state : states)
        if (state == word) return true;
    return false;
}

/// "NUMBER: " at the beginning.
std::optional<LabelledLine> parse_label(std::string_view line) {
    LabelledLine labelled;
    const auto [end, error] =
        std::from_chars(line.data(), line.data() + line.size(), labelled.task);
    if (error != std::errc{}) return {};
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (line == ":") return labelled;
    if (!line.starts_with(": ")) return {};
    labelled.text = line.substr(2);
    return labelled;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
    if (is_numbered(line)) {
        if (!parse_broker_origin(line.substr(3))) return {};
        return LogLine{.severity = static_cast<Severity>(line[1] - '0'), .text = line.substr(3)};
    }
    auto severity = parse_broker_origin(line);
    if (!severity) severity = parse_muster_origin(line);
    if (!severity) return {};
    return LogLine{.severity = *severity, .text = line};
}

std::size_t find_broker_log(std::string_view line) {
    for (std::size_t at = line.find('<', 1); at != std::string_view::npos;
         at = line.find('<', at + 1))
        if (is_numbered(line.substr(at)) && parse_broker_origin(line.substr(at + 3))) return at;
    return std::string_view::npos;
}

std::optional<Transition> parse_transition(const LogLine& line) {
    std::string_view text = line.text;
    if (!text.starts_with("broker.info[")) return {};
    text.remove_prefix(std::min(text.find("]: "), text.size() - 3) + 3);
    const std::string_view event = leading_word(text);
    text.remove_prefix(event.size());
    if (!text.starts_with(": ")) return {};
    text.remove_prefix(2);
    const std::size_t arrow = text.find("->");
    if (arrow == std::string_view::npos) return {};
    const std::string_view from = text.substr(0, arrow);
    const std::string_view to = leading_word(text.substr(arrow + 2));
    if (!is_state(from) || !is_state(to)) return {};
    return Transition{.event = event, .from = from, .to = to};
}

std::optional<LabelledLine> parse_labelled_line(std::string_view line) {
    if (const auto labelled = parse_label(line)) return labelled;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos || line.find(' ') < colon) return {};
    return parse_label(line.substr(colon + 2));  // a job id came first
}

}  // namespace muster::local
