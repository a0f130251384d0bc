// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/r.hpp"

#include "target.hpp"

using namespace muster;

/// What is accepted is written as R again, which reads as the same and stays the same bytes; and it
/// can be re-ranked to its own hosts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto r = resources::parse_R(fuzz::text_of(data, size), "R");
    if (!r) {
        MUSTER_ASSERT(r.error().kind == Kind::malformed);
        return 0;
    }
    MUSTER_ASSERT(!r->nodes.empty());
    for (const auto& node : r->nodes) {
        MUSTER_ASSERT(!node.cores.empty());
        if (node.host.find_first_of("[]") != std::string::npos) return 0;  // as in hostlist.cpp
    }
    const auto text = resources::format_R(*r);
    const auto again = resources::parse_R(text, "R");
    MUSTER_ASSERT(again.has_value() && *again == *r && resources::format_R(*again) == text);
    if (r->hosts().without_duplicates().size() == r->nodes.size())
        MUSTER_ASSERT(resources::rerank(*r, r->hosts()).has_value());
    return 0;
}
