// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "muster/diagnosis.hpp"

namespace muster::diagnosis {
namespace {

constexpr std::array<std::string_view, 8> severities{"emerg",   "alert",  "crit", "err",
                                                     "warning", "notice", "info", "debug"};

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// "<3>" is the severity again, for systemd.
std::string_view without_priority(std::string_view line) {
    if (line.size() > 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>')
        line.remove_prefix(3);
    return line;
}

/// `MODULE.SEVERITY[RANK-OR-HOST]: MESSAGE`, perhaps behind a time. The first one counts: a message
/// may quote another broker's line.
std::optional<LogLine> parse_broker_line(std::string_view line) {
    const auto close = line.find("]: ");
    const auto open = line.substr(0, close).find('[');
    if (close == line.npos || open == line.npos) return {};
    const auto dot = line.substr(0, open).rfind('.');
    if (dot == line.npos) return {};
    const auto severity = std::ranges::find(severities, line.substr(dot + 1, open - dot - 1));
    auto start = dot;
    while (start > 0 && is_word(line[start - 1])) --start;
    if (severity == severities.end() || start == dot) return {};
    if (start > 0 && line[start - 1] != ' ') return {};
    return LogLine{line.substr(start, close + 1 - start),
                   static_cast<int>(severity - severities.begin()), line.substr(close + 3)};
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
    line = without_priority(line);
    if (auto parsed = parse_broker_line(line)) return parsed;
    for (const std::string_view early : {"broker: ", "flux-broker: "})
        if (line.starts_with(early))
            return LogLine{line.substr(0, early.size() - 2), 2, line.substr(early.size())};
    // "job.exception: type=..." or, from flux run, "0.083s: job.exception ID type=...".
    if (const auto at = line.find("job.exception"); at != line.npos)
        if (const auto type = line.find(" type=", at); type != line.npos)
            return LogLine{line.substr(at, 13), 3, line.substr(type + 1)};
    for (const std::string_view loader :
         {": error while loading shared libraries: ", ": symbol lookup error: "})
        if (const auto at = line.find(loader); at != line.npos)
            return LogLine{line.substr(0, at), 2, line.substr(at + 2)};
    return {};
}

}  // namespace muster::diagnosis
