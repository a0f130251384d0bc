// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "muster/base/reactor.hpp"
#include "muster/discovery/reach.hpp"

namespace muster::discovery {

/// How the CURVE handshake with a listener ended (reference: libzmq's zmq_socket_monitor(3)).
struct CurveOutcome {
    enum class What { accepted, other_key, not_authorized, no_curve, silent };
    What what;
    std::string text;  ///< for people: cause and mend
};

/// Shakes hands with the ZeroMQ listener at a numeric address as a CURVE client, and leaves:
/// nothing is sent and the broker's state does not change.
class CurveGate {
  public:
    using Callback = std::function<void(CurveOutcome)>;
    CurveGate(Reactor& reactor, const CurveKeys& keys);
    CurveGate(const CurveGate&) = delete;
    CurveGate& operator=(const CurveGate&) = delete;
    ~CurveGate();

    /// One handshake of at most `limit`; a new one ends the one before it.
    void shake_hands(const std::string& address, std::uint16_t port, Duration limit,
                     Callback callback);

  private:
    struct Sockets;
    void on_monitor();
    void finish(CurveOutcome outcome);

    Reactor* reactor_;
    CurveKeys keys_;
    std::unique_ptr<Sockets> sockets_;
    Callback callback_;
    Reactor::TimerId timer_ = 0;
    bool connected_ = false;
};

}  // namespace muster::discovery
