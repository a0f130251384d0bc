// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/shape.hpp"

#include "target.hpp"

using namespace muster;

/// What is accepted has a shape for every rank, each with a core.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint32_t ranks = 8;
    const auto shapes = resources::parse_shapes(fuzz::text_of(data, size), ranks);
    if (!shapes) {
        MUSTER_ASSERT(shapes.error().kind == Kind::usage);
        return 0;
    }
    MUSTER_ASSERT(shapes->size() == ranks);
    for (const auto& shape : *shapes) MUSTER_ASSERT(shape.cores >= 1);
    return 0;
}
