// SPDX-License-Identifier: Apache-2.0
#include "muster/base/hostlist.hpp"

#include "target.hpp"

using namespace muster;

/// What is accepted names the same hosts again when it is formatted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t limit = 10'000;
    const auto list = Hostlist::parse(fuzz::text_of(data, size), limit);
    if (!list) return 0;
    MUSTER_ASSERT(list->size() <= limit);
    bool is_formattable = true;  // a second bracket is part of a name, and reads back as a bracket
    for (const auto& host : list->hosts()) {
        MUSTER_ASSERT(!host.empty());
        is_formattable = is_formattable && host.find_first_of("[]") == std::string::npos;
    }
    if (!is_formattable) return 0;
    const auto again = Hostlist::parse(list->format(), limit);
    MUSTER_ASSERT(again.has_value() && *again == *list);
    MUSTER_ASSERT(list->without_duplicates().size() <= list->size());
    return 0;
}
