// SPDX-License-Identifier: Apache-2.0
#include "clocks.hpp"

#include <gtest/gtest.h>

#include "muster/timeline/instance.hpp"
#include "pods.hpp"

namespace muster::timeline {
namespace {

/// The pod with a clock that is `ahead` seconds ahead.
Record skewed(Record record, double ahead) {
    for (auto& phase : record.report->phases) phase.begun += secs(ahead);
    for (auto& state : record.states) state.entered += secs(ahead);
    return record;
}

double shift_of(const Records& records, std::uint32_t rank, std::vector<std::string>& notes) {
    const auto shifts = mend_clocks(records, notes);
    const auto found = shifts.find(rank);
    return found == shifts.end() ? 0 : std::chrono::duration<double>(found->second).count();
}

TEST(Clocks, ThatAgreeAreLeftAlone) {
    std::vector<std::string> notes;
    EXPECT_TRUE(mend_clocks(four(), notes).empty());
    EXPECT_TRUE(notes.empty());
}

TEST(Clocks, AlmostAgreeAfterNtp) {
    auto records = four();
    records[3] = skewed(records[3], -0.03);
    std::vector<std::string> notes;
    EXPECT_EQ(shift_of(records, 3, notes), 0);
}

TEST(Clocks, BehindAreMovedUntilTheChildIsAfterItsParent) {
    auto records = four();
    records[3] = skewed(records[3], -90);
    std::vector<std::string> notes;
    // Taken at 0.6 in truth, when the parent's rc1 was over.
    EXPECT_NEAR(shift_of(records, 3, notes), 90, 0.01);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0],
              "the clock of rank 3 is at least 90.0 s behind that of rank 0: its row is shifted "
              "by as much");
}

TEST(Clocks, AheadAreMovedToTheLeadersQuorum) {
    auto records = four();
    records[3] =
        skewed(invent(3, {.gates = {{"name", 0.1}}, .states = states(0.2, 0.6, 1.0, 1.2)}), 3600);
    std::vector<std::string> notes;
    EXPECT_NEAR(shift_of(records, 3, notes), -3599.5, 0.01) << "as little as mends it";
    EXPECT_NE(notes.at(0).find("ahead of that of rank 0"), std::string::npos) << notes[0];
}

TEST(Clocks, ALateJoinerIsNotAhead) {
    auto records = four();
    records[3] = invent(
        3, {.start = 50, .gates = {{"name", 0.1}}, .states = states(50.2, 50.3, 50.6, 50.61)});
    std::vector<std::string> notes;
    EXPECT_EQ(shift_of(records, 3, notes), 0);
}

TEST(Clocks, ChildrenFollowTheirShiftedParents) {
    auto records = four();
    records[1] = skewed(records[1], -90);
    records[2] = skewed(
        invent(2, {.gates = {{"name", 0.2}}, .states = states(0.3, 1.1, 1.15, 1.2), .parent = 1}),
        -90);
    std::vector<std::string> notes;
    const auto shifts = mend_clocks(records, notes);
    EXPECT_EQ(shifts.size(), 2u);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("ranks 1-2"), std::string::npos) << notes[0];
    const auto timeline = assemble(records);
    EXPECT_NEAR(timeline.end, 1.2, 0.05) << "the picture is of seconds, not of minutes";
}

TEST(Clocks, OneClockIsNeverMended) {
    auto records = four();
    records[3] = skewed(records[3], -90);
    for (auto& [rank, record] : records) record.one_clock = true;
    std::vector<std::string> notes;
    EXPECT_TRUE(mend_clocks(records, notes).empty());
}

TEST(Clocks, WithoutTheLeaderCannotBeCompared) {
    auto records = four();
    records[3] = skewed(records[3], -90);
    records.erase(0);
    std::vector<std::string> notes;
    EXPECT_TRUE(mend_clocks(records, notes).empty());
}

TEST(Clocks, AParentThatIsItsOwnDescendantDoesNoHarm) {
    auto records = four();
    records[1].report->parent = 3;
    records[3].report->parent = 1;
    std::vector<std::string> notes;
    EXPECT_LE(mend_clocks(records, notes).size(), 1u);
}

}  // namespace
}  // namespace muster::timeline
