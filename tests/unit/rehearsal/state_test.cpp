// SPDX-License-Identifier: Apache-2.0
#include "state.hpp"

#include <gmock/gmock.h>

#include <set>

namespace muster::rehearsal {
namespace {

using std::chrono::milliseconds;

State walk(State from, const std::vector<std::string>& events) {
    for (const auto& event : events) {
        const auto next = next_state(from, event);
        EXPECT_TRUE(next.has_value()) << event << " in " << name(from);
        if (next) from = *next;
    }
    return from;
}

TEST(State, LeadersWholeLife) {
    EXPECT_EQ(
        walk(State::load_builtins,
             {"builtins-success", "parent-none", "sync-none", "rc1-none", "quorum-full", "rc2-fail",
              "cleanup-success", "children-complete", "rc3-none", "goodbye", "builtins-done"}),
        State::exit);
}

TEST(State, FollowersWholeLife) {
    EXPECT_EQ(walk(State::load_builtins, {"builtins-success", "parent-ready", "sync-success",
                                          "rc1-none", "quorum-full", "shutdown", "cleanup-none",
                                          "children-none", "rc3-none", "goodbye", "builtins-done"}),
              State::exit);
}

TEST(State, EndsThatComeEarly) {
    EXPECT_EQ(next_state(State::join, "parent-fail"), State::shutdown);
    EXPECT_EQ(next_state(State::init, "rc1-fail"), State::shutdown);
    EXPECT_EQ(next_state(State::quorum, "quorum-fail"), State::shutdown);
}

TEST(State, EventsThatMeanNothing) {
    EXPECT_EQ(next_state(State::run, "quorum-full"), std::nullopt);
    EXPECT_EQ(next_state(State::shutdown, "shutdown"), std::nullopt);
    EXPECT_EQ(next_state(State::exit, "goodbye"), std::nullopt);
    EXPECT_EQ(next_state(State::join, "no such event"), std::nullopt);
}

TEST(State, NamesAreFluxs) {
    std::set<std::string_view> seen;
    for (int i = 0; i <= static_cast<int>(State::exit); ++i) {
        const auto state = static_cast<State>(i);
        EXPECT_EQ(parse_state(name(state)), state);
        EXPECT_TRUE(seen.insert(name(state)).second);
    }
    EXPECT_EQ(name(State::config_sync), "config-sync");
    EXPECT_EQ(parse_state("config_sync"), std::nullopt);
    EXPECT_EQ(parse_state(""), std::nullopt);
}

TEST(State, EveryStateButTheLastCanBeLeft) {
    for (int i = 0; i < static_cast<int>(State::exit); ++i) {
        bool left = false;
        for (const auto& row : transitions())
            left = left || (row.current == static_cast<State>(i) && row.next > row.current);
        EXPECT_TRUE(left) << name(static_cast<State>(i));
    }
}

TEST(Fsd, IsInTheLargestUnit) {
    EXPECT_EQ(format_fsd(std::chrono::microseconds(12)), "0.012ms");
    EXPECT_EQ(format_fsd(milliseconds(999)), "999ms");
    EXPECT_EQ(format_fsd(milliseconds(1000)), "1s");
    EXPECT_EQ(format_fsd(milliseconds(1500)), "1.5s");
    EXPECT_EQ(format_fsd(milliseconds(90'000)), "1.5m");
    EXPECT_EQ(format_fsd(std::chrono::hours(36)), "1.5d");
    EXPECT_EQ(format_fsd(std::chrono::hours(3)), "3h");
}

}  // namespace
}  // namespace muster::rehearsal
