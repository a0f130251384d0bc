// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::curve {

// Z85 (ZeroMQ RFC 32): every 4 bytes, big-endian, become 5 of 85 characters. Agrees with
// zmq_z85_encode(3) and zmq_z85_decode(3) on what is valid and on every result.

/// `bytes` as text; their number must be a multiple of 4. Not for secrets (std::string is not
/// wiped).
std::string z85_encode(std::span<const std::uint8_t> bytes);

/// The bytes that `text` stands for. Errors: malformed (empty, length not a multiple of 5, a
/// character outside the alphabet, a group above 2^32 - 1), without quoting the text.
Result<std::vector<std::uint8_t>> z85_decode(std::string_view text);

/// The same into memory of the caller's choice (wiped memory, for secrets): `out` must have 5/4,
/// or 4/5, of the input's length. The decoder is false where z85_decode() is an error; `out` is
/// then unspecified.
void z85_encode_to(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> out);
[[nodiscard]] bool z85_decode_to(std::string_view text, std::span<std::uint8_t> out);

}  // namespace muster::curve
