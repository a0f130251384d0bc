// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/keys.hpp"

#include <sodium.h>

#include "blake2b.hpp"

namespace muster::curve {
namespace {

static_assert(PublicKey::size == crypto_scalarmult_BYTES);
static_assert(SecretKey::size == crypto_scalarmult_SCALARBYTES);

}  // namespace

Result<KeyPair> make_key_pair() {
    if (sodium_init() < 0)
        return fail(Kind::internal, "make a key pair: this system has no source of randomness");
    SecretMemory memory(SecretKey::size);
    randombytes_buf(memory.bytes().data(), memory.size());
    SecretKey secret_key(std::move(memory));
    const PublicKey public_key = public_key_of(secret_key);
    return KeyPair{.public_key = public_key, .secret_key = std::move(secret_key)};
}

PublicKey public_key_of(const SecretKey& secret_key) {
    std::array<std::uint8_t, PublicKey::size> bytes{};
    const int failed = crypto_scalarmult_base(bytes.data(), secret_key.bytes().data());
    MUSTER_ASSERT(failed == 0);  // no scalar makes it fail: it is clamped, the base point is fixed
    return PublicKey(bytes);
}

Result<KeyPair> derive(const SharedSecret& secret, std::string_view instance_name) {
    if (instance_name.empty())
        return fail(Kind::config,
                    "derive a key pair: the instance has no name, and the pair depends on it; "
                    "set one with --name");
    SecretMemory memory(SecretKey::size);
    keyed_blake2b(memory.bytes().first<32>(), secret.bytes(), "muster-curve-v1", instance_name);
    SecretKey secret_key(std::move(memory));
    const PublicKey public_key = public_key_of(secret_key);
    return KeyPair{.public_key = public_key, .secret_key = std::move(secret_key)};
}

std::string fingerprint(const PublicKey& key) {
    std::array<std::uint8_t, 32> digest{};
    crypto_generichash(digest.data(), digest.size(), key.bytes().data(), key.bytes().size(),
                       nullptr, 0);
    return fmt::format("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
}

}  // namespace muster::curve
