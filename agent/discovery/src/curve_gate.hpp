// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "muster/base/fd.hpp"
#include "muster/base/reactor.hpp"
#include "muster/discovery/handshake.hpp"

namespace muster::discovery {

/// Shakes hands with a listener as a CURVE client, and leaves: nothing is sent after the handshake,
/// and the broker's state does not change.
class CurveGate {
  public:
    using Callback = std::function<void(CurveOutcome)>;
    CurveGate(Reactor& reactor, HandshakeFactory factory)
        : reactor_(&reactor), factory_(std::move(factory)) {}
    CurveGate(const CurveGate&) = delete;
    CurveGate& operator=(const CurveGate&) = delete;
    ~CurveGate() { let_go(); }

    /// One handshake of at most `limit` over `connection`, a connected stream socket that does not
    /// block; it is closed before the callback. A new one ends the one before it. Towards the end
    /// of `limit` a silent peer is told that no more will come: servers of line protocols (HTTP)
    /// say only then who they are. A peer that says what a doorstep says is held on to: one
    /// callback with `waiting`, and when it lets go, or after ten seconds, one more with `closed`.
    void shake_hands(Fd connection, Duration limit, Callback callback);
    /// Ends the handshake that goes on, if there is one, without a callback.
    void let_go();

  private:
    void on_ready();
    void receive();
    void send();
    void prompt();
    void take(std::span<const std::uint8_t> bytes);
    void hold();
    void finish_if_over();

    Reactor* reactor_;
    HandshakeFactory factory_;
    std::unique_ptr<Handshake> handshake_;
    Callback callback_;
    Fd connection_;
    std::vector<std::uint8_t> unsent_;
    Reactor::TimerId timer_ = 0;
    bool prompted_ = false;
    std::string first_words_;  ///< all it has said, for as long as that may be a doorstep's words
    bool is_held_untold_ = false;  ///< it was one's, which the caller does not know yet
};

}  // namespace muster::discovery
