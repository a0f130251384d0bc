// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "muster/base/assert.hpp"

namespace muster::curve {

/// Memory for a secret: between guard pages, excluded from core dumps (MADV_DONTDUMP), locked as
/// far as RLIMIT_MEMLOCK allows, wiped when freed. Move-only; a moved-from block is empty. Running
/// out of memory ends the process.
class SecretMemory {
  public:
    SecretMemory() = default;
    /// `size` bytes of zero.
    explicit SecretMemory(std::size_t size);
    SecretMemory(SecretMemory&& other) noexcept
        : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
    SecretMemory& operator=(SecretMemory&& other) noexcept {
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }

    std::span<std::uint8_t> bytes() { return {bytes_.get(), size_}; }
    std::span<const std::uint8_t> bytes() const { return {bytes_.get(), size_}; }
    std::size_t size() const { return size_; }

  private:
    struct Free {
        void operator()(std::uint8_t* bytes) const noexcept;
    };
    std::unique_ptr<std::uint8_t[], Free> bytes_;
    std::size_t size_ = 0;
};

/// 32 secret bytes; `Purpose` keeps one kind of secret from being passed for another. Move-only,
/// without formatter, stream operator or conversion: it cannot be printed by accident.
template <class Purpose>
class Secret32 {
  public:
    static constexpr std::size_t size = 32;

    /// Copies `bytes`; the caller wipes its own.
    explicit Secret32(std::span<const std::uint8_t, size> bytes) : memory_(size) {
        std::copy(bytes.begin(), bytes.end(), memory_.bytes().begin());
    }
    /// Takes over a block of exactly 32 bytes.
    explicit Secret32(SecretMemory memory) : memory_(std::move(memory)) {
        MUSTER_ASSERT(memory_.size() == size);
    }

    /// For the cryptographic call that needs them (zmq_setsockopt). Do not copy, do not log.
    std::span<const std::uint8_t, size> bytes() const {
        MUSTER_ASSERT(memory_.size() == size);  // not after a move
        return memory_.bytes().first<size>();
    }

  private:
    SecretMemory memory_;
};

/// The secret half of a key pair: an X25519 scalar as CurveZMQ uses it (not clamped).
using SecretKey = Secret32<struct SecretKeyPurpose>;
/// 32 random bytes that all pods of an application are given, from which key pairs are derived.
using SharedSecret = Secret32<struct SharedSecretPurpose>;

/// Text with a secret in it: the content of a certificate or secret file. No conversion to a
/// string; view() is for parsers and for write(2).
class SecretText {
  public:
    SecretText() = default;
    /// The first `size` bytes of `memory`.
    SecretText(SecretMemory memory, std::size_t size) : memory_(std::move(memory)), size_(size) {
        MUSTER_ASSERT(size_ <= memory_.size());
    }
    SecretText(SecretText&& other) noexcept
        : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
    SecretText& operator=(SecretText&& other) noexcept {
        memory_ = std::move(other.memory_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    /// Valid as long as this object; do not copy, do not log.
    std::string_view view() const;
    std::size_t size() const { return size_; }

  private:
    SecretMemory memory_;
    std::size_t size_ = 0;
};

/// Whether two secrets are equal, in a time that does not depend on where they differ.
bool equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace muster::curve
