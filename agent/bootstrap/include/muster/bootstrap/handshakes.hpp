// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/curve/keys.hpp"
#include "muster/discovery/handshake.hpp"

namespace muster::bootstrap {

/// Handshakes as one of the brokers that share `keys`, which must live as long as the factory and
/// all that it makes.
discovery::HandshakeFactory make_handshakes(const curve::KeyPair& keys);

}  // namespace muster::bootstrap
