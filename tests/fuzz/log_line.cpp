// SPDX-License-Identifier: Apache-2.0
// What pods print, fed with anything: the text that is shown always lies within the line.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "muster/base/broker_log.hpp"
#include "muster/local/log_line.hpp"
#include "target.hpp"

namespace {

bool lies_within(std::string_view inner, std::string_view outer) {
    return inner.data() >= outer.data() &&
           inner.data() + inner.size() <= outer.data() + outer.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    if (const auto log = muster::local::parse_log_line(line)) {
        MUSTER_ASSERT(lies_within(log->text, line));
        if (const auto step = muster::parse_transition(log->text))
            MUSTER_ASSERT(lies_within(step->event, line) && lies_within(step->from, line) &&
                          lies_within(step->to, line));
    }
    if (const auto labelled = muster::local::parse_labelled_line(line))
        MUSTER_ASSERT(labelled->text.empty() || lies_within(labelled->text, line));
    return 0;
}
