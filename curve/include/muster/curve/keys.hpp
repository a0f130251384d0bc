// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"
#include "muster/curve/secret.hpp"

namespace muster::curve {

/// The public half of a key pair, as CurveZMQ sends it (X25519, 32 bytes).
class PublicKey {
  public:
    static constexpr std::size_t size = 32;
    PublicKey() = default;
    explicit PublicKey(const std::array<std::uint8_t, size>& bytes) : bytes_(bytes) {}
    std::span<const std::uint8_t, size> bytes() const { return bytes_; }
    bool operator==(const PublicKey&) const = default;

  private:
    std::array<std::uint8_t, size> bytes_{};
};

/// Invariant of every pair that this component returns: public_key == public_key_of(secret_key).
struct KeyPair {
    PublicKey public_key;
    SecretKey secret_key;
};

/// A random pair, the same as zmq_curve_keypair(3) makes. Errors: internal (no randomness).
Result<KeyPair> make_key_pair();

/// The public half that belongs to `secret_key`, as zmq_curve_public(3).
PublicKey public_key_of(const SecretKey& secret_key);

/// The pair that `secret` and `instance_name` stand for; the same on every pod, without an
/// exchange:
///
///     secret key = BLAKE2b-256(key = secret, personalization = "muster-curve-v1" and a zero byte,
///                              salt = 16 zero bytes, message = instance_name)
///     public key = X25519(secret key, base point)
///
/// Keyed BLAKE2b is a pseudorandom function of the name, so the pairs of two instances tell nothing
/// about each other or about `secret`; the personalization separates this use from any other use of
/// the same secret. The name's bytes are taken as they are (no case folding). The secret must
/// have full entropy: nothing here stretches a password.
/// Errors: config, when `instance_name` is empty.
Result<KeyPair> derive(const SharedSecret& secret, std::string_view instance_name);

/// 8 hexadecimal digits that stand for a public key in logs: the first 4 bytes of its BLAKE2b-256
/// (`b2sum -l 256`).
std::string fingerprint(const PublicKey& key);

}  // namespace muster::curve
