// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"

/// What libFuzzer calls, and replay.cpp in its place. Returns 0; a failed MUSTER_ASSERT is a
/// finding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace muster::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    return {static_cast<const char*>(bytes), size};
}

}  // namespace muster::fuzz
