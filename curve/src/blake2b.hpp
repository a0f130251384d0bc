// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sodium.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "muster/base/assert.hpp"

namespace muster::curve {

/// BLAKE2b-256 of `message` under `key`, with `purpose` (at most 16 bytes, zero-padded) as its
/// personalization and no salt (RFC 7693; the parameter block of the BLAKE2 paper, 2.8).
inline void keyed_blake2b(std::span<std::uint8_t, 32> out, std::span<const std::uint8_t, 32> key,
                          std::string_view purpose, std::string_view message) {
    constexpr std::array<std::uint8_t, crypto_generichash_blake2b_SALTBYTES> salt{};
    std::array<std::uint8_t, crypto_generichash_blake2b_PERSONALBYTES> personal{};
    MUSTER_ASSERT(purpose.size() <= personal.size());
    std::memcpy(personal.data(), purpose.data(), purpose.size());
    const void* text = message.data();
    const int failed = crypto_generichash_blake2b_salt_personal(
        out.data(), out.size(), static_cast<const std::uint8_t*>(text), message.size(), key.data(),
        key.size(), salt.data(), personal.data());
    MUSTER_ASSERT(failed == 0);  // the sizes are constants
}

}  // namespace muster::curve
