// SPDX-License-Identifier: Apache-2.0
// The boxes of RFC 26: X25519, XSalsa20 and Poly1305, with a nonce that begins with a fixed text.
#pragma once

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace muster::curve::box {

using Key = std::array<std::uint8_t, crypto_box_BEFORENMBYTES>;
using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;
using HalfPair = std::span<const std::uint8_t, 32>;

constexpr std::size_t overhead = crypto_box_MACBYTES;

/// The key between a public and a secret half; false when the public half is no usable point.
[[nodiscard]] inline bool agree(Key& key, HalfPair public_key, HalfPair secret_key) {
    return crypto_box_beforenm(key.data(), public_key.data(), secret_key.data()) == 0;
}

/// `prefix` and `tail` are 24 bytes together.
inline std::array<std::uint8_t, crypto_box_NONCEBYTES> make_nonce(std::string_view prefix,
                                                                  View tail) {
    std::array<std::uint8_t, crypto_box_NONCEBYTES> nonce{};
    const auto end = std::copy(prefix.begin(), prefix.end(), nonce.begin());
    std::copy(tail.begin(), tail.end(), end);
    return nonce;
}

inline Bytes seal(const Key& key, std::string_view prefix, View tail, View plain) {
    const auto nonce = make_nonce(prefix, tail);
    Bytes sealed(plain.size() + overhead);
    crypto_box_easy_afternm(sealed.data(), plain.data(), plain.size(), nonce.data(), key.data());
    return sealed;
}

/// Nothing when the box was not made with this key and nonce.
inline std::optional<Bytes> open(const Key& key, std::string_view prefix, View tail, View sealed) {
    if (sealed.size() < overhead) return std::nullopt;
    const auto nonce = make_nonce(prefix, tail);
    Bytes plain(sealed.size() - overhead);
    if (crypto_box_open_easy_afternm(plain.data(), sealed.data(), sealed.size(), nonce.data(),
                                     key.data()) != 0)
        return std::nullopt;
    return plain;
}

}  // namespace muster::curve::box
