// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zmq.h>

#include <rapidcheck/gtest.h>
#include <set>

#include "muster/curve/shared_secret.hpp"
#include "muster/curve/z85.hpp"

namespace muster::curve {
namespace {

using Bytes = std::vector<std::uint8_t>;

SharedSecret shared_secret(const Bytes& bytes) {
    return SharedSecret(std::span<const std::uint8_t, 32>(bytes.data(), 32));
}

Bytes counting() {
    Bytes bytes;
    for (std::uint8_t i = 0; i < 32; ++i) bytes.push_back(i);
    return bytes;
}

std::string z85(const SecretKey& key) {
    return z85_encode(key.bytes());
}
std::string z85(const PublicKey& key) {
    return z85_encode(key.bytes());
}

/// What libzmq says belongs to a secret key in Z85.
std::string zmq_public(const std::string& secret) {
    std::array<char, 41> text{};
    EXPECT_EQ(zmq_curve_public(text.data(), secret.c_str()), 0);
    return text.data();
}

TEST(Keys, PairIsWhatLibzmqWouldCompute) {
    for (int i = 0; i < 20; ++i) {
        const auto pair = make_key_pair();
        ASSERT_TRUE(pair.has_value());
        EXPECT_EQ(z85(pair->public_key), zmq_public(z85(pair->secret_key)));
    }
}

TEST(Keys, PublicHalfOfLibzmqsPair) {
    for (int i = 0; i < 20; ++i) {
        std::array<char, 41> public_text{};
        std::array<char, 41> secret_text{};
        ASSERT_EQ(zmq_curve_keypair(public_text.data(), secret_text.data()), 0);
        const Bytes bytes = z85_decode(secret_text.data()).value();
        const SecretKey secret(std::span<const std::uint8_t, 32>(bytes.data(), 32));
        EXPECT_EQ(z85(public_key_of(secret)), public_text.data());
    }
}

TEST(Keys, PairsDiffer) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) seen.insert(z85(make_key_pair()->secret_key));
    EXPECT_EQ(seen.size(), 100U);
}

/// RFC 7748, 6.1: Alice's and Bob's keys.
TEST(Keys, Rfc7748) {
    const auto check = [](const Bytes& secret, const Bytes& expected) {
        const SecretKey key(std::span<const std::uint8_t, 32>(secret.data(), 32));
        const PublicKey half = public_key_of(key);
        EXPECT_THAT(half.bytes(), testing::ElementsAreArray(expected));
    };
    check({0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
           0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
           0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a},
          {0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
           0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
           0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a});
    check({0x5d, 0xab, 0x08, 0x7e, 0x62, 0x4a, 0x8a, 0x4b, 0x79, 0xe1, 0x7f,
           0x8b, 0x83, 0x80, 0x0e, 0xe6, 0x6f, 0x3b, 0xb1, 0x29, 0x26, 0x18,
           0xb6, 0xfd, 0x1c, 0x2f, 0x8b, 0x27, 0xff, 0x88, 0xe0, 0xeb},
          {0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4, 0xd3, 0x5b, 0x61,
           0xc2, 0xec, 0xe4, 0x35, 0x37, 0x3f, 0x83, 0x43, 0xc8, 0x5b, 0x78,
           0x67, 0x4d, 0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f});
}

struct Derivation {
    std::string name;
    std::string secret_key;  ///< Z85
};

/// Computed with Python's hashlib, not with libsodium:
///     blake2b(name, key=bytes(range(32)), person=b"muster-curve-v1", digest_size=32)
/// These values never change: pods of two releases must derive the same pair.
const Derivation derivations[] = {
    {"muster", "^Mc3sZ{x0!utEs%!Q@a%QZXk?Vj%QjG]+9aIVq*5"},
    {"Muster", "?0/vPa*n7.8.L2EQ$dqPF$t3:>UL4Frbx4Rt+f^-"},
    {"a", "4])kTXkk>{PU)-[=o[PzL9ibbp19B>r#sOQ(q7CL"},
    {std::string("a\0", 2), "4AJcS]%nj>?*ZwSW73nP3p*WL[-?\?):X5opWq=K-"},
    {"flux-sample_\xc3\xbc", "Uh#TsQ}q%zOvQ4lD>NxAH64D#ng7JOSDQ(hvnd]x"},
};

TEST(Derive, Table) {
    for (const auto& [name, expected] : derivations) {
        const auto pair = derive(shared_secret(counting()), name);
        ASSERT_TRUE(pair.has_value());
        EXPECT_EQ(z85(pair->secret_key), expected) << name;
        EXPECT_EQ(z85(pair->public_key), zmq_public(expected)) << name;
    }
}

TEST(Derive, NeedsAName) {
    const auto pair = derive(make_shared_secret(), "");
    ASSERT_FALSE(pair.has_value());
    EXPECT_EQ(pair.error().kind, Kind::config);
    EXPECT_THAT(pair.error().message, testing::HasSubstr("--name"));
}

RC_GTEST_PROP(Derive, IsAFunctionOfSecretAndName, ()) {
    const auto bytes = *rc::gen::container<Bytes>(32, rc::gen::arbitrary<std::uint8_t>());
    const auto name = *rc::gen::nonEmpty<std::string>();
    const std::string key = z85(derive(shared_secret(bytes), name)->secret_key);
    RC_ASSERT(key == z85(derive(shared_secret(bytes), name)->secret_key));
    RC_ASSERT(key != z85(derive(shared_secret(bytes), name + "x")->secret_key));
    Bytes other = bytes;
    other[*rc::gen::inRange<std::size_t>(0, 32)] ^= 1;
    RC_ASSERT(key != z85(derive(shared_secret(other), name)->secret_key));
    RC_ASSERT(key != z85_encode(bytes));
}

TEST(Fingerprint, IsTheStartOfB2sum) {
    // printf '\0…\037' | b2sum -l 256
    std::array<std::uint8_t, 32> bytes{};
    EXPECT_EQ(fingerprint(PublicKey(bytes)), "89eb0d6a");
    std::ranges::copy(counting(), bytes.begin());
    EXPECT_EQ(fingerprint(PublicKey(bytes)), "cb2f5160");
}

}  // namespace
}  // namespace muster::curve
