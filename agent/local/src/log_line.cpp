// SPDX-License-Identifier: Apache-2.0
#include "muster/local/log_line.hpp"

#include <charconv>

#include "muster/base/broker_log.hpp"

namespace muster::local {
namespace {

/// Flux's word, or muster's for it.
std::optional<Severity> severity_of(std::string_view name) {
    const auto found = muster::parse_severity(name == "error" ? "err" : name);
    return found ? std::optional(static_cast<Severity>(*found)) : std::nullopt;
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
        if (const auto severity = severity_of(name)) return severity;
    // muster-init has no severities, and speaks only when something is out of order.
    return program == "muster-rehearsal" ? Severity::info : Severity::warning;
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
    if (has_priority(line)) {
        if (!parse_broker_line(line.substr(3))) return {};
        return LogLine{.severity = static_cast<Severity>(line[1] - '0'), .text = line.substr(3)};
    }
    if (const auto broker = parse_broker_line(line))
        return LogLine{.severity = static_cast<Severity>(broker->severity), .text = line};
    const auto severity = parse_muster_origin(line);
    if (!severity) return {};
    return LogLine{.severity = *severity, .text = line};
}

std::size_t find_broker_log(std::string_view line) {
    for (std::size_t at = line.find('<', 1); at != std::string_view::npos;
         at = line.find('<', at + 1))
        if (has_priority(line.substr(at)) && parse_broker_line(line.substr(at + 3))) return at;
    return std::string_view::npos;
}

std::optional<LabelledLine> parse_labelled_line(std::string_view line) {
    if (const auto labelled = parse_label(line)) return labelled;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos || line.find(' ') < colon) return {};
    return parse_label(line.substr(colon + 2));  // a job id came first
}

}  // namespace muster::local
