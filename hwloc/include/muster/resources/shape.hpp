// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::resources {

/// What one rank offers: cores and GPUs, both numbered 0..n-1 as Flux numbers them (hwloc's logical
/// indices inside the topology that the broker may use).
struct Shape {
    std::uint32_t cores = 1;
    std::uint32_t gpus = 0;
    bool operator==(const Shape&) const = default;
};

/// What a setting may ask for on one rank.
inline constexpr std::uint32_t max_cores = 65'536;
inline constexpr std::uint32_t max_gpus = 65'536;

/// The shapes of ranks 0..`ranks`-1 from "[0-3]:cores=4;[4-7]:cores=8,gpus=1": clauses separated by
/// ';', each an RFC 22 idset of ranks, ':' and its values. `cores` is required, `gpus` defaults to
/// 0. Every rank is named exactly once. The element at index i is rank i's.
/// Errors: usage, naming the clause and the mend (overlap, gap, rank out of range, cores=0, ...).
Result<std::vector<Shape>> parse_shapes(std::string_view text, std::uint32_t ranks);

}  // namespace muster::resources
