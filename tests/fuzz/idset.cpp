// SPDX-License-Identifier: Apache-2.0
#include "muster/base/idset.hpp"

#include "target.hpp"

using namespace muster;

/// What is accepted is a set whose canonical text is the same set.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto set = Idset::parse(fuzz::text_of(data, size));
    if (!set) {
        MUSTER_ASSERT(set.error().message.size() < 300);
        return 0;
    }
    const auto text = set->format();
    const auto again = Idset::parse(text);
    MUSTER_ASSERT(again.has_value() && *again == *set && again->format() == text);
    MUSTER_ASSERT(set->empty() == (set->size() == 0));
    if (!set->empty()) MUSTER_ASSERT(set->contains(set->first()) && set->contains(set->last()));
    Idset merged = *set;
    merged.insert(*again);
    MUSTER_ASSERT(merged == *set);
    return 0;
}
