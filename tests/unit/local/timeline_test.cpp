// SPDX-License-Identifier: Apache-2.0
#include "muster/local/timeline.hpp"

#include <gtest/gtest.h>

namespace muster::local {
namespace {

using std::chrono::milliseconds;

TEST(Timeline, KeepsWhatHappenedWhen) {
    const TimePoint start = TimePoint{} + std::chrono::hours(5);
    Timeline timeline(2);
    timeline.started(0, "/d/0", start + milliseconds(10));
    timeline.entered(0, "join", start + milliseconds(20));
    timeline.entered(0, "run", start + milliseconds(500));
    timeline.ended(0, 3, start + milliseconds(900));
    const auto& pods = timeline.pods();
    ASSERT_EQ(pods.size(), 2u);
    EXPECT_EQ(pods[0].directory, "/d/0");
    EXPECT_EQ(pods[0].started, start + milliseconds(10));
    ASSERT_EQ(pods[0].states.size(), 2u);
    EXPECT_EQ(pods[0].states[1],
              (std::pair<std::string, TimePoint>("run", start + milliseconds(500))));
    EXPECT_EQ(pods[0].ended, start + milliseconds(900));
    EXPECT_EQ(pods[0].code, 3);
    EXPECT_FALSE(pods[1].started || pods[1].ended);
}

TEST(Timeline, KeepsTheLastLife) {
    Timeline timeline(1);
    timeline.entered(0, "join", TimePoint(milliseconds(1)));
    timeline.entered(0, "run", TimePoint(milliseconds(2)));
    timeline.entered(0, "join", TimePoint(milliseconds(3)));
    const auto& states = timeline.pods()[0].states;
    ASSERT_EQ(states.size(), 1u);
    EXPECT_EQ(states[0], (std::pair<std::string, TimePoint>("join", milliseconds(3))));
}

}  // namespace
}  // namespace muster::local
