// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/handshakes.hpp"

#include "muster/curve/client_handshake.hpp"

namespace muster::bootstrap {
namespace {

using State = curve::ClientHandshake::State;
using What = discovery::CurveOutcome::What;

What what_of(State state) {
    switch (state) {
        case State::accepted:
            return What::accepted;
        case State::refused:
            return What::not_authorized;
        case State::other_key:
            return What::other_key;
        case State::closed:
            return What::closed;
        case State::other_mechanism:
        case State::other_protocol:
            return What::no_curve;
        default:
            return What::silent;
    }
}

/// curve's handshake in the shape that discovery asks for: the two do not know each other.
class CurveHandshake final : public discovery::Handshake {
  public:
    explicit CurveHandshake(const curve::KeyPair& keys)
        : client_({keys.public_key.bytes(), keys.public_key.bytes(), keys.secret_key.bytes()}) {}

    std::vector<std::uint8_t> take_output() override { return client_.take_output(); }
    void receive(std::span<const std::uint8_t> bytes) override { client_.receive(bytes); }
    void closed() override { client_.closed(); }
    void silent() override { client_.silent(); }
    std::optional<discovery::CurveOutcome> outcome() const override {
        if (client_.state() == State::talking) return std::nullopt;
        return discovery::CurveOutcome{what_of(client_.state()), client_.text()};
    }

  private:
    curve::ClientHandshake client_;
};

}  // namespace

discovery::HandshakeFactory make_handshakes(const curve::KeyPair& keys) {
    return [&keys] { return std::make_unique<CurveHandshake>(keys); };
}

}  // namespace muster::bootstrap
