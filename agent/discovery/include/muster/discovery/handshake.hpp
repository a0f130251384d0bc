// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::discovery {

/// How the CURVE handshake with a listener ended.
struct CurveOutcome {
    enum class What {
        accepted,
        other_key,       ///< it has another key pair
        not_authorized,  ///< it has our server key, but refuses our client key
        no_curve,        ///< it speaks something else
        silent,
        closed,  ///< it closed the connection where no key explains it
        waiting  ///< its pod waits for a parent of its own; not the end yet
    };
    What what;
    std::string text;  ///< for people: what it did, and what that tells
};

/// A CURVE client's handshake without I/O. A seam: who has the keys implements it, the last gate
/// moves the bytes.
class Handshake {
  public:
    virtual ~Handshake() = default;
    /// What is to be sent now; empty when it is the peer's turn.
    virtual std::vector<std::uint8_t> take_output() = 0;
    /// Bytes from the peer, cut in any way.
    virtual void receive(std::span<const std::uint8_t> bytes) = 0;
    /// The peer has closed the connection.
    virtual void closed() = 0;
    /// The caller waits no longer.
    virtual void silent() = 0;
    /// How it ended; nothing while it goes on. After closed() or silent() it is over.
    virtual std::optional<CurveOutcome> outcome() const = 0;
};

/// Makes the handshake for one connection.
using HandshakeFactory = std::function<std::unique_ptr<Handshake>()>;

}  // namespace muster::discovery
