// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/discovery/gates.hpp"
#include "muster/discovery/handshake.hpp"
#include "muster/discovery/resolver.hpp"

namespace muster::discovery {

/// Whom to reach, and how long to try.
struct ReachRequest {
    std::string peer;  ///< for messages: "rank 0 (muster-0)"
    std::string name;  ///< fully qualified name, or a numeric address
    std::uint16_t port = 0;
    Family family = Family::any;
    Duration wait{};
    std::uint32_t size = 1;   ///< pods that may wait for the same name; paces the asking
    bool say_waiting = true;  ///< log what is waited for, at 1, 5, 15, 60 s and then every minute
    Platform platform = Platform::single;  ///< from which the name came
    std::vector<std::string> doubts = {};  ///< Identity::doubts
    /// The URI at which this pod's broker will listen; empty where it has no children. While it
    /// waits, they are told so there.
    std::string bind = {};
};

/// All gates passed, or the one that stayed shut.
using Verdict = tl::expected<Passage, GateFailure>;

/// Waits until the peer is a broker that accepts our key (design, section 4), or until
/// `request.wait` is over: its name resolves, its address answers, something listens, the CURVE
/// handshake succeeds; `handshakes` makes one for each connection. Errors: usage (`dns_servers`
/// cannot be read), internal; no gate was then tried.
Result<Verdict> pass_gates(const ReachRequest& request, const HandshakeFactory& handshakes,
                           const std::string& dns_servers, const Clock& clock);

/// The same for many peers side by side, `at_once` of them at a time: verdicts in their order.
Result<std::vector<Verdict>> pass_all_gates(std::span<const ReachRequest> requests,
                                            const HandshakeFactory& handshakes,
                                            const std::string& dns_servers, const Clock& clock,
                                            std::size_t at_once);

/// The same as pass_gates() with describe()'s sentence as the error. `trace`, when given, is what
/// was passed and tried, on failure too.
Result<Passage> reach(const ReachRequest& request, const HandshakeFactory& handshakes,
                      const std::string& dns_servers, const Clock& clock, Passage* trace = nullptr);

}  // namespace muster::discovery
