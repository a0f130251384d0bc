// SPDX-License-Identifier: Apache-2.0
// Reports, logs and timelines from anywhere: whatever they say becomes a picture that keeps within
// its bounds, text that does nothing to a terminal, and data that reads back as the same.
#include <cmath>

#include "muster/timeline/format.hpp"
#include "target.hpp"

namespace {

using namespace muster::timeline;

void check(const Drawing& drawing) {
    double below = 0;
    for (const auto& row : drawing.rows) {
        MUSTER_ASSERT(row.y >= below - 1e-6);
        below = row.y + row.height;
        double last = drawing.left;
        for (const auto& bar : row.bars) {
            MUSTER_ASSERT(bar.x >= last - 1e-6 && bar.width > 0);
            last = bar.x + bar.width;
            MUSTER_ASSERT(last <= drawing.right + 1e-6);
        }
    }
    MUSTER_ASSERT(below <= drawing.height);
}

void check(const Records& records) {
    const auto timeline = assemble(records);
    MUSTER_ASSERT(std::isfinite(timeline.end) && timeline.end >= 0);
    check(layout(timeline, find_causes(timeline)));
    const auto html = format_html(timeline);
    MUSTER_ASSERT(html.find("<script") == std::string::npos);
    const auto text = format_text(timeline, {});
    MUSTER_ASSERT(text.find('\x1b') == std::string::npos);
    Records again;
    add_text(again, format_json(timeline, records));
    MUSTER_ASSERT(again.size() == records.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = muster::fuzz::text_of(data, size);
    for (const bool labelled : {false, true}) {
        Records records;
        add_text(records, text, labelled);
        check(records);
    }
    return 0;
}
