// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/discovery/identity.hpp"

namespace muster::discovery {

/// What stands between a pod and its parent, in the order in which they are passed (design,
/// section 4).
enum class Gate { name, address, listener, curve };
inline constexpr std::size_t gate_count = 4;
std::string_view format(Gate gate);

/// One thing that was tried. Durations count from the start of the gates.
struct Attempt {
    Gate gate = Gate::name;
    bool passed = false;
    std::string asked;     ///< "m-0.flux. A +cd", "10.0.0.7 port 8050"
    std::string answered;  ///< "no such name (10.96.0.10)", "connection refused", ...
    Duration begun{};
    Duration took{};
};

/// The first and last attempts of a long wait, and how many between them were left out.
class Attempts {
  public:
    static constexpr std::size_t kept_at_each_end = 32;
    void add(Attempt attempt);
    /// In order of their end.
    std::vector<Attempt> list() const;
    std::size_t left_out() const { return count_ - first_.size() - last_.size(); }
    std::size_t count() const { return count_; }

  private:
    std::vector<Attempt> first_;
    std::vector<Attempt> last_;  // a ring; oldest_ is where it begins
    std::size_t oldest_ = 0;
    std::size_t count_ = 0;
};

/// How far the gates were passed, and what it took.
struct Passage {
    std::string address;  ///< where our key was accepted, numeric; empty when it was nowhere
    /// Why the broker must be given `address` in place of the name: what its own look-up (A, no DO,
    /// no CD, first name server) would come to. Empty: it may look the name up itself.
    std::string connect_by_address;
    Duration took{};
    int questions = 0;
    int dials = 0;
    int handshakes = 0;
    std::array<std::optional<Duration>, gate_count> passed{};  ///< when each was passed last
    Attempts attempts;
};

/// Why a gate stayed shut: one for each thing that a person would mend differently.
enum class Cause {
    no_such_name,          ///< every answer was NXDOMAIN
    no_address,            ///< the name exists, but has no address of the family
    server_failure,        ///< SERVFAIL
    server_refused,        ///< REFUSED
    silent_servers,        ///< no name server answered
    silent_address,        ///< SYNs were dropped
    unreachable_address,   ///< no route, or a local error
    connection_refused,    ///< the host answers, nothing listens
    parent_waits,          ///< its pod waits for a parent of its own
    silent_listener,       ///< it accepts connections and says nothing
    closing_listener,      ///< it closes connections before it has said who it is
    no_broker,             ///< it does not speak ZeroMQ with CURVE
    other_certificate,     ///< a broker with another key pair
    client_not_authorized  ///< a broker with our server key that refuses our client key
};
std::string_view format(Cause cause);

/// The gate at which it ended, and the evidence.
struct GateFailure {
    Gate gate = Gate::name;
    Cause cause = Cause::silent_servers;
    std::string asked;     ///< of the last attempt at this gate
    std::string answered;  ///< what came back, for people
    Duration waited{};     ///< since the start
    Duration lasted{};     ///< for how long this cause had been the answer
    Passage so_far;
    Platform platform = Platform::single;  ///< from which the name came
    std::vector<std::string> doubts = {};  ///< about the name, from before it was asked for
};

/// "resolve m-0.flux.: no such name, says 10.96.0.10".
std::string summarize(const GateFailure& failure);

/// One sentence: what was to be reached (`peer`: "rank 0 (m-0)"), cause, evidence, mend. Its kind
/// is the exit code: no_name, unavailable or protocol.
Error describe(const GateFailure& failure, std::string_view peer);

}  // namespace muster::discovery
