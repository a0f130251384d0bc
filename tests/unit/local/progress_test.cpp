// SPDX-License-Identifier: Apache-2.0
#include "muster/local/progress.hpp"

#include <gtest/gtest.h>

namespace muster::local {
namespace {

Transition to(std::string_view state) {
    return {.event = "e", .from = "init", .to = state};
}

TEST(Progress, CountsBrokersThatAreOnline) {
    Progress progress(4);
    EXPECT_EQ(progress.online(), 0u);
    EXPECT_EQ(progress.missing(), "0-3");
    EXPECT_FALSE(progress.step(0, to("join")));
    EXPECT_TRUE(progress.step(0, to("quorum")));
    EXPECT_TRUE(progress.step(2, to("quorum")));
    EXPECT_FALSE(progress.step(2, to("run"))) << "it was online before";
    EXPECT_EQ(progress.online(), 2u);
    EXPECT_EQ(progress.missing(), "1,3");
    EXPECT_FALSE(progress.formed());
    progress.step(0, to("run"));
    EXPECT_TRUE(progress.formed());
}

TEST(Progress, ABrokerThatEndsOrBeginsAgainIsNotOnline) {
    Progress progress(2);
    progress.step(1, to("run"));
    EXPECT_FALSE(progress.formed()) << "only the leader's word counts";
    progress.ended(1);
    EXPECT_EQ(progress.online(), 0u);
    progress.step(1, to("quorum"));
    progress.step(1, to("join"));  // another life
    EXPECT_EQ(progress.online(), 0u);
    progress.step(1, to("quorum"));
    progress.step(1, to("cleanup"));
    EXPECT_EQ(progress.online(), 0u);
}

TEST(Progress, Bar) {
    Progress progress(3);
    EXPECT_EQ(progress.bar(6), "[......] 0 of 3 brokers online");
    progress.step(0, to("quorum"));
    EXPECT_EQ(progress.bar(6), "[##....] 1 of 3 brokers online");
    progress.step(1, to("quorum"));
    progress.step(2, to("quorum"));
    EXPECT_EQ(progress.bar(6), "[######] 3 of 3 brokers online");
}

TEST(NextNotice, At5And15And60SecondsAndThenEveryMinute) {
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    struct Row {
        Duration elapsed;
        Duration next;
    };
    for (const auto& row : {Row{seconds(0), seconds(5)}, Row{milliseconds(4999), seconds(5)},
                            Row{seconds(5), seconds(15)}, Row{seconds(15), seconds(60)},
                            Row{seconds(60), seconds(120)}, Row{seconds(119), seconds(120)},
                            Row{seconds(120), seconds(180)}})
        EXPECT_EQ(next_notice(row.elapsed), row.next) << row.elapsed.count();
}

}  // namespace
}  // namespace muster::local
