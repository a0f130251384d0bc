// SPDX-License-Identifier: Apache-2.0
#include "muster/base/clock.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using std::chrono::seconds;

class HandClock final : public Clock {
  public:
    TimePoint now() const override { return now_; }
    WallTime wall() const override { return {}; }
    void move(Duration by) { now_ += by; }

  private:
    TimePoint now_{seconds(100)};
};

TEST(Deadline, PassesWhenItsTimeHasCome) {
    HandClock clock;
    const auto deadline = Deadline::after(clock, seconds(5));
    EXPECT_EQ(deadline.left(clock.now()), seconds(5));
    EXPECT_FALSE(deadline.passed(clock.now()));
    clock.move(seconds(5));
    EXPECT_TRUE(deadline.passed(clock.now()));
    clock.move(seconds(1));
    EXPECT_EQ(deadline.left(clock.now()), Duration::zero());
}

TEST(Deadline, NeverNeverPasses) {
    EXPECT_FALSE(Deadline::never().passed(TimePoint::max() - Duration(1)));
    EXPECT_EQ(Deadline::never().left(TimePoint{}), Duration::max());
}

TEST(Deadline, TheSoonerOfTwoIsTheEarlierOne) {
    const auto early = Deadline::at(TimePoint(seconds(1)));
    const auto late = Deadline::at(TimePoint(seconds(2)));
    EXPECT_EQ(early.sooner(late).when(), early.when());
    EXPECT_EQ(late.sooner(early).when(), early.when());
    EXPECT_EQ(Deadline::never().sooner(late).when(), late.when());
}

TEST(SystemClock, Runs) {
    const SystemClock clock;
    const auto first = clock.now();
    EXPECT_GE(clock.now(), first);
    EXPECT_GT(clock.wall().time_since_epoch(), std::chrono::hours(24 * 365 * 50));
}

}  // namespace
}  // namespace muster
