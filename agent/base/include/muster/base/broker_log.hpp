// SPDX-License-Identifier: Apache-2.0
// What a Flux broker logs, taken apart. All views lead into the line.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace muster {

/// "MODULE.SEVERITY[WHO]: MESSAGE"
struct BrokerLine {
    std::string_view origin;   ///< "overlay.err[1]"
    std::string_view module;   ///< "overlay"
    int severity = 0;          ///< of syslog(3): 2 crit, 3 err, 4 warning, 6 info
    std::string_view who;      ///< rank, or host name before there is one
    std::string_view message;  ///< "error binding to ..."
};

/// A line that begins so.
std::optional<BrokerLine> parse_broker_line(std::string_view line);

/// The same behind other words, a time say. The first one counts: a message may quote another
/// broker's line.
std::optional<BrokerLine> find_broker_line(std::string_view line);

/// 0 to 7 for "emerg" to "debug".
std::optional<int> parse_severity(std::string_view name);

/// "<6>" at the beginning, as systemd and Flux 0.51 and later have it.
bool has_priority(std::string_view line);

/// A broker's states in the order in which it goes through them, from "none" to "exit".
std::span<const std::string_view> broker_states();

/// A broker's step from one state to the next: "broker.info[2]: rc1-success: init->quorum 0.3s".
struct Transition {
    std::string_view event;
    std::string_view from;
    std::string_view to;
};

/// The step that a line tells of which begins with its origin, if it tells of one.
std::optional<Transition> parse_transition(std::string_view line);

}  // namespace muster
