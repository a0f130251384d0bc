// SPDX-License-Identifier: Apache-2.0
#include "muster/local/timeline.hpp"

#include <gtest/gtest.h>

#include "muster/json.hpp"

namespace muster::local {
namespace {

using std::chrono::milliseconds;

TEST(Timeline, FormatsWhatHappenedWhen) {
    const TimePoint start = TimePoint{} + std::chrono::hours(5);
    Timeline timeline(start, 2);
    timeline.started(0, start + milliseconds(10));
    timeline.entered(0, "join", start + milliseconds(20));
    timeline.entered(0, "run", start + milliseconds(500));
    timeline.formed(start + milliseconds(500));
    timeline.ended(0, 3, start + milliseconds(900));
    const auto json = json::Value::parse(timeline.format("none", 3, start + milliseconds(1000)));
    ASSERT_TRUE(json) << json.error().message;
    EXPECT_EQ(json->get("version").as_integer(), 1);
    EXPECT_EQ(json->get("size").as_integer(), 2);
    EXPECT_EQ(json->get("code").as_integer(), 3);
    EXPECT_EQ(json->get("flux").as_string(), "none");
    EXPECT_NEAR(json->get("formed").as_number().value(), 0.5, 1e-6);
    EXPECT_NEAR(json->get("ended").as_number().value(), 1.0, 1e-6);
    const auto ranks = json->get("ranks").items();
    ASSERT_EQ(ranks.size(), 2u);
    EXPECT_NEAR(ranks[0].get("started").as_number().value(), 0.01, 1e-6);
    EXPECT_NEAR(ranks[0].get("states").get("join").as_number().value(), 0.02, 1e-6);
    EXPECT_NEAR(ranks[0].get("ended").as_number().value(), 0.9, 1e-6);
    EXPECT_EQ(ranks[0].get("code").as_integer(), 3);
    EXPECT_FALSE(ranks[1].has("started") || ranks[1].has("ended") || ranks[1].has("code"));
}

TEST(Timeline, ShowsTheLastLife) {
    const TimePoint start{};
    Timeline timeline(start, 1);
    timeline.entered(0, "join", start + milliseconds(1));
    timeline.entered(0, "run", start + milliseconds(2));
    timeline.entered(0, "join", start + milliseconds(3));
    const auto json = json::Value::parse(timeline.format("none", 0, start)).value();
    const auto states = json.get("ranks").items().at(0).get("states");
    EXPECT_NEAR(states.get("join").as_number().value(), 0.003, 1e-9);
    EXPECT_FALSE(states.has("run"));
    EXPECT_FALSE(json.has("formed"));
}

TEST(Timeline, AFileThatCannotBeWrittenIsSaid) {
    const Timeline timeline(TimePoint{}, 1);
    const auto written = timeline.write("/proc/nonexistent/t.json", "none", 0, TimePoint{});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, Kind::io);
    EXPECT_NE(written.error().message.find("/proc/nonexistent/t.json"), std::string::npos);
}

}  // namespace
}  // namespace muster::local
