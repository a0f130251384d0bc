// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::local {

/// Severities of syslog(3), as Flux logs them.
enum class Severity : int { emerg, alert, crit, err, warning, notice, info, debug };

/// A line that a broker, muster or muster-init logged; what matches none of their forms is a
/// program's own output.
struct LogLine {
    Severity severity = Severity::info;
    std::string_view text;  ///< without the "<6>" that broker 0.51 and later put before it
};

/// The forms: "<6>broker.info[2]: ..." (log-stderr-mode=local), the same without "<6>" (0.50), and
/// "muster: warning: ...", "muster[3]: ...", "muster-init: ...".
std::optional<LogLine> parse_log_line(std::string_view line);

/// Where in `line` a broker's "<6>broker.info[2]: ..." begins behind other text: a program ended
/// its last line without a newline, and the broker that shares its standard error went on. npos
/// when there is none.
std::size_t find_broker_log(std::string_view line);

/// A line of a job's output with --label-io: "2: text", and "f3AbC: 2: text" as `flux submit
/// --watch` labels it.
struct LabelledLine {
    std::uint32_t task = 0;
    std::string_view text;
};
std::optional<LabelledLine> parse_labelled_line(std::string_view line);

}  // namespace muster::local
