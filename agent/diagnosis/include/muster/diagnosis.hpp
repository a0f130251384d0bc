// SPDX-License-Identifier: Apache-2.0
// What Flux says when it fails, in words that help: one table, for explain and for the doctor.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::diagnosis {

/// Whose failure a row of the table is about.
enum class Of {
    broker,  ///< it ends the broker, or keeps it from starting
    job,     ///< it ends a job, and with it the program that submitted it
    rank,    ///< it ends a rank, and with it the jobs that run there: no failure of theirs
};

/// A row: what Flux says, what that means, what to do. Rows stand in order of how much they tell:
/// the first one that matches any line is the cause, the others are its consequences.
struct FluxFailure {
    Of of;
    /// Part of a message; `*` stands for any text, which `cause` and `mend` may quote as $1, $2,
    /// ...
    std::string_view pattern;
    std::string_view cause;
    std::string_view mend;
    /// Versions of Flux whose text it is, as far as seen or read.
    std::string_view versions;
};

/// The table.
std::span<const FluxFailure> flux_failures();

/// A line of a broker's log, taken apart: `<3>overlay.err[1]: text` (log-stderr-mode=local),
/// `Nov 22 04:16:27.046489 UTC 2026 overlay.err[1]: text` (leader), `broker: text` (before there is
/// a log), or what the dynamic loader says about a program. The views lead into the line.
struct LogLine {
    std::string_view source;  ///< "overlay.err[1]", "broker"
    int severity = 3;         ///< of syslog: 2 crit, 3 err, 4 warning, 6 info
    std::string_view message;
};
std::optional<LogLine> parse_log_line(std::string_view line);

/// Why something failed.
struct Finding {
    std::string cause;     ///< a clause without a final stop
    std::string mend;      ///< the same; empty where only Flux's words are known
    std::string evidence;  ///< Flux's line without prefix, cut, printable, without secrets
};

/// The cause in the last words of a broker; where no row matches, its most severe line of level err
/// or worse as evidence, without cause and mend. Lines that quote the program's command line
/// (rc2) are never looked at: it may hold a secret. Nothing when Flux has said nothing.
std::optional<Finding> find_cause(std::string_view last_words, Of of);

/// `message` as evidence: at most 160 characters, unprintable ones replaced, and what looks like a
/// key left out.
std::string as_evidence(std::string_view message);

}  // namespace muster::diagnosis
