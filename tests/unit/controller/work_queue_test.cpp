// SPDX-License-Identifier: Apache-2.0
#include "work_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::controller {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Moved by hand.
class HandClock final : public Clock {
  public:
    TimePoint now() const override { return now_; }
    WallTime wall() const override { return WallTime(now_.time_since_epoch()); }
    void advance(Duration by) { now_ += by; }

  private:
    TimePoint now_{1h};
};

class WorkQueueTest : public testing::Test {
  protected:
    /// What was started until now.
    std::vector<std::string> run(Duration by = 0s) {
        clock_.advance(by);
        started_.clear();
        reactor_.after(0s, [this] { reactor_.stop(); });  // the last of those that are due
        reactor_.run();
        return started_;
    }

    HandClock clock_;
    Reactor reactor_ = Reactor::make(clock_).value();
    std::vector<std::string> started_;
    WorkQueue queue_{reactor_, 2, [this](const Key& key) { started_.push_back(key.name); }, 1};
    const Key a_{"home", "a"}, b_{"home", "b"}, c_{"home", "c"};
};

TEST_F(WorkQueueTest, EachIsStartedOnceHoweverOftenItWasAdded) {
    queue_.add(a_);
    queue_.add(b_);
    queue_.add(a_);
    EXPECT_THAT(run(), ElementsAre("a", "b"));
    EXPECT_THAT(run(1h), IsEmpty());
    EXPECT_EQ(queue_.size(), 2U);
    queue_.succeeded(a_);
    queue_.succeeded(b_);
    EXPECT_EQ(queue_.size(), 0U);
    EXPECT_THAT(run(1h), IsEmpty());
}

TEST_F(WorkQueueTest, WhatComesWhileItRunsIsDoneAfterwards) {
    queue_.add(a_);
    run();
    queue_.add(a_);
    EXPECT_THAT(run(1h), IsEmpty()) << "never twice at the same time";
    queue_.succeeded(a_);
    EXPECT_THAT(run(), ElementsAre("a"));
}

TEST_F(WorkQueueTest, NoMoreAreInHandThanAllowed) {
    for (const auto& key : {a_, b_, c_}) queue_.add(key);
    EXPECT_THAT(run(), ElementsAre("a", "b"));
    queue_.succeeded(b_);
    EXPECT_THAT(started_, ElementsAre("a", "b", "c"));
}

TEST_F(WorkQueueTest, ADelayGathersAndTheSoonerWins) {
    queue_.add(a_, 100ms);
    EXPECT_THAT(run(90ms), IsEmpty());
    queue_.add(a_, 100ms);
    EXPECT_THAT(run(10ms), ElementsAre("a"));
    queue_.succeeded(a_);
    queue_.add(a_, 100ms);
    queue_.add(a_);
    EXPECT_THAT(run(), ElementsAre("a"));
}

TEST_F(WorkQueueTest, AFailurePausesLongerEachTimeAndSuccessForgetsIt) {
    Duration pause = WorkQueue::first_pause;
    queue_.add(a_);
    run();
    for (int i = 0; i < 12; ++i) {
        queue_.failed(a_);
        EXPECT_THAT(run(pause / 4 * 3 - 1ns), IsEmpty()) << i;
        EXPECT_THAT(run(pause / 2 + 1ns), ElementsAre("a")) << i;
        pause = std::min(pause * 2, WorkQueue::longest_pause);
    }
    queue_.succeeded(a_);
    queue_.add(a_);
    run();
    queue_.failed(a_);
    EXPECT_THAT(run(WorkQueue::first_pause / 4 * 5), ElementsAre("a"));
}

TEST_F(WorkQueueTest, NewsDoNotEndAPauseThatTheServerAskedFor) {
    queue_.add(a_);
    run();
    queue_.failed(a_, 5s);
    queue_.add(a_);
    EXPECT_THAT(run(5s - 1ns), IsEmpty());
    EXPECT_THAT(run(1ns), ElementsAre("a"));
    queue_.succeeded(a_);
    queue_.add(a_);
    EXPECT_THAT(run(), ElementsAre("a"));
}

TEST_F(WorkQueueTest, NewsEndAPause) {
    queue_.add(a_);
    run();
    queue_.failed(a_);
    queue_.add(a_);
    EXPECT_THAT(run(), ElementsAre("a"));
}

}  // namespace
}  // namespace muster::controller
