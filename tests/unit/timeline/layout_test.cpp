// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/layout.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "pods.hpp"

namespace muster::timeline {
namespace {

constexpr double hair = 1e-6;

/// Bars and rows lie within their bounds and do not overlap; what is named has its words.
void expect_sound(const Timeline& timeline, const Drawing& drawing) {
    double below = drawing.top;
    std::size_t pods = 0;
    for (const auto& row : drawing.rows) {
        ASSERT_GE(row.y, below - hair);
        ASSERT_GT(row.height, 0);
        below = row.y + row.height;
        pods += row.ranks;
        ASSERT_NE(timeline.find(row.rank), nullptr);
        double last = drawing.left;
        for (const auto& bar : row.bars) {
            ASSERT_GE(bar.x, last - hair);
            ASSERT_GT(bar.width, 0);
            last = bar.x + bar.width;
            ASSERT_LE(last, drawing.right + hair);
        }
        for (const auto& tick : row.ticks) {
            ASSERT_GE(tick.x, drawing.left - hair);
            ASSERT_LE(tick.x, drawing.right + hair);
        }
        ASSERT_EQ(row.thin, row.label.empty());
        if (!row.note.empty()) {
            ASSERT_GE(row.note_x, drawing.left - hair);
            ASSERT_LE(row.note_x, drawing.right + hair);
        }
    }
    ASSERT_LE(below, drawing.bottom + hair);
    ASSERT_LE(drawing.bottom, drawing.height);
    ASSERT_EQ(pods, timeline.pods.size()) << "every pod is in one row";
    double mark = -1;
    for (const auto& [x, label] : drawing.axis) {
        ASSERT_GT(x, mark);
        ASSERT_GE(x, drawing.left - hair);
        ASSERT_LE(x, drawing.right + hair);
        mark = x;
    }
}

Drawing draw(const Timeline& timeline) {
    return layout(timeline, find_causes(timeline));
}

Records many(std::uint32_t size) {
    Records records;
    records[0] = invent(0, {.states = states(0.05, 0.05, 0.5, 1.5)});
    for (std::uint32_t rank = 1; rank < size; ++rank) {
        const double late = 0.001 * (rank % 100);
        records[rank] = invent(rank, {.start = late,
                                      .gates = {{"name", 0.05}},
                                      .states = states(0.3, 0.5 + late, 0.9 + late, 1.5)});
    }
    return records;
}

/// `many`, of which one waits for a name.
Records many_and_a_slow_one(std::uint32_t size, std::uint32_t slow) {
    auto records = many(size);
    for (auto& [rank, record] : records) record.states.back().entered = at(6);
    records[slow] = invent(
        slow, {.gates = {{"name", 5}},
               .states = states(5.1, 5.2, 5.6, 6),
               .attempts = {{.gate = "name", .answered = "no such name", .begun = secs(2)}}});
    return records;
}

TEST(Layout, FewPodsAreInTheOrderOfTheirRanks) {
    const auto timeline = assemble(many_and_a_slow_one(4, 3));
    const auto drawing = draw(timeline);
    expect_sound(timeline, drawing);
    ASSERT_EQ(drawing.rows.size(), 4u);
    for (std::uint32_t rank = 0; rank < 4; ++rank) {
        EXPECT_EQ(drawing.rows[rank].rank, rank);
        EXPECT_EQ(drawing.rows[rank].slow, rank == 3);
    }
    const auto& row = drawing.rows[3];
    EXPECT_EQ(row.ticks.size(), 1u);
    EXPECT_NE(row.note.find("no such name"), std::string::npos) << row.note;
    const auto marked =
        std::find_if(row.bars.begin(), row.bars.end(), [](const Bar& bar) { return bar.marked; });
    ASSERT_NE(marked, row.bars.end());
    EXPECT_EQ(marked->stage, Stage::name);
    EXPECT_NEAR(row.note_x, marked->x, 8) << "the words stand at the bar";
}

TEST(Layout, OfManyTheSlowOneStandsOutAboveTheRest) {
    const auto timeline = assemble(many_and_a_slow_one(256, 170));
    const auto drawing = draw(timeline);
    expect_sound(timeline, drawing);
    ASSERT_GE(drawing.rows.size(), 3u);
    EXPECT_EQ(drawing.rows[0].rank, 0u);
    EXPECT_EQ(drawing.rows[1].rank, 170u);
    EXPECT_FALSE(drawing.rows[1].thin);
    EXPECT_TRUE(drawing.rows[2].thin);
    double before = 1e9;
    for (const auto& row : drawing.rows) {
        if (!row.thin) continue;
        const double online = timeline.find(row.rank)->online.value();
        EXPECT_LE(online, before) << "the slowest first";
        before = online;
    }
    EXPECT_LT(drawing.height, 1000) << "one look";
}

TEST(Layout, OfThousandsARowIsSeveralPods) {
    const auto timeline = assemble(many(5000));
    const auto drawing = draw(timeline);
    expect_sound(timeline, drawing);
    EXPECT_LE(drawing.rows.size(), 700u);
    EXPECT_LT(drawing.height, 1500);
}

TEST(Layout, ALongRunIsCutOut) {
    auto records = many(4);
    for (auto& [rank, record] : records) {
        record.states.push_back({"cleanup", at(3600)});
        record.ended = at(3600.5);
    }
    const auto timeline = assemble(records);
    const auto drawing = draw(timeline);
    expect_sound(timeline, drawing);
    ASSERT_TRUE(drawing.gap);
    EXPECT_EQ(drawing.gap->label, "59 min 58 s");
    const auto& bars = drawing.rows[1].bars;
    const auto rc1 = std::find_if(bars.begin(), bars.end(),
                                  [](const Bar& bar) { return bar.stage == Stage::init; });
    ASSERT_NE(rc1, bars.end());
    EXPECT_GT(rc1->width, 100) << "what came before it can be seen";
}

TEST(Layout, OfNothing) {
    const auto timeline = assemble({});
    expect_sound(timeline, draw(timeline));
}

RC_GTEST_PROP(ScaleProperty, NeverDescendsAndStaysWithin, ()) {
    const auto run = *rc::gen::inRange(1, 100000);
    auto records = many(3);
    for (auto& [rank, record] : records) record.states.push_back({"cleanup", at(1.5 + run)});
    for (auto& [rank, record] : records) record.ended = at(2.0 + run);
    const auto timeline = assemble(records);
    const double width = *rc::gen::inRange(20, 2000);
    const Scale scale(timeline, width, *rc::gen::element(0.0, 10.0));
    double last = 0;
    for (int i = -1; i <= 101; ++i) {
        const double x = scale(timeline.end * i / 100);
        RC_ASSERT(x >= last && x <= width);
        last = x;
    }
    RC_ASSERT(scale(0) == 0.0);
    RC_ASSERT(std::abs(scale(timeline.end) - width) < 1e-6);
}

RC_GTEST_PROP(LayoutProperty, AnythingHasASoundPicture, ()) {
    Records records;
    const auto size = *rc::gen::inRange(1u, 120u);
    const auto moment = [] { return *rc::gen::inRange(-1000, 20000) / 1000.0; };
    for (std::uint32_t rank = 0; rank < size; ++rank) {
        Invented pod{.start = moment(), .prepare = *rc::gen::inRange(0, 100) / 1000.0};
        for (const auto* gate : {"name", "address", "listener", "curve"})
            if (*rc::gen::arbitrary<bool>()) pod.gates.emplace_back(gate, std::abs(moment()));
        for (const auto* state : {"load-builtins", "join", "init", "quorum", "run", "cleanup"})
            if (*rc::gen::inRange(0, 4) > 0) pod.states.emplace_back(state, moment());
        records[rank] = invent(rank, pod);
        if (*rc::gen::inRange(0, 9) == 0) records[rank].report.reset();
        if (*rc::gen::inRange(0, 9) == 0) records[rank].ended = at(moment());
        if (*rc::gen::inRange(0, 9) == 0) records[rank].report.emplace().error_code = 68;
    }
    const auto timeline = assemble(records);
    expect_sound(timeline, draw(timeline));
    RC_ASSERT(!testing::Test::HasFatalFailure());
}

}  // namespace
}  // namespace muster::timeline
