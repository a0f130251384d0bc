// SPDX-License-Identifier: Apache-2.0
#include "jobs.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A clock that the test moves.
class HandClock final : public Clock {
  public:
    TimePoint now() const override { return now_; }
    WallTime wall() const override { return {}; }
    void pass(Duration time) { now_ += time; }

  private:
    TimePoint now_{std::chrono::hours(1)};
};

class JobsOfALeader : public testing::Test {
  protected:
    void SetUp() override {
        jobs_.set_nodes({{.rank = 0, .cores = 2, .up = true},
                         {.rank = 1, .cores = 2, .up = true},
                         {.rank = 2, .cores = 2, .up = false}});
    }

    /// Runs what is due.
    void settle() {
        for (int i = 0; i < 5; ++i) {
            reactor_.after(Duration::zero(), [this] { reactor_.stop(); });
            reactor_.run();
        }
    }
    void submit(JobShape shape, std::int64_t request, std::vector<Rank> ranks = {},
                double limit = 0.0) {
        jobs_.submit({0, 1, request}, encode_request({.shape = shape,
                                                      .time_limit = limit,
                                                      .ranks = std::move(ranks),
                                                      .plan = {{"x"}, {}, "/"}}));
        settle();
    }
    /// Task `number` of the job in `order` ends.
    void end(const Message& order, std::uint32_t number, int code) {
        auto body = json::Value::object();
        body.set("job", order.body.get("job"));
        body.set("task", json::Value::integer(number));
        body.set("code", json::Value::integer(code));
        jobs_.on_task_message({.topic = std::string(topic::task_end), .body = body});
        settle();
    }
    /// Takes the messages sent so far.
    std::vector<Message> sent() { return std::exchange(sent_, {}); }
    /// "REQUEST topic [code or text]" of the answers so far.
    std::vector<std::string> told() { return std::exchange(told_, {}); }

    HandClock clock_;
    Reactor reactor_ = *Reactor::make(clock_);
    std::vector<Message> sent_;
    std::vector<std::string> told_;
    Jobs jobs_{reactor_,
               {},
               {.send = [this](Message message) { sent_.push_back(std::move(message)); },
                .reply =
                    [this](const ClientAddress& client, std::string_view what,
                           const json::Value& body, const std::string&) {
                        auto line = fmt::format("{} {}", client.request, what);
                        if (const auto code = body.get("code").as_integer())
                            line += fmt::format(" {}", *code);
                        if (const auto text = body.get("text").as_string())
                            line += fmt::format(" {}", *text);
                        told_.push_back(line);
                    }}};
};

TEST_F(JobsOfALeader, ADrainedRankWaitsToBeUndrained) {
    jobs_.set_drained(1, true);
    submit({.nodes = 2, .tasks = 2}, 1);
    EXPECT_THAT(sent(), IsEmpty());
    jobs_.set_drained(1, false);
    settle();
    EXPECT_EQ(sent().size(), 2u);
}

TEST_F(JobsOfALeader, PlainTasksRunAndHoldNothingUpWhileItStops) {
    submit({.tasks = 1}, 1, {0});
    bool idle = false;
    jobs_.stop([&idle] { idle = true; });
    settle();
    EXPECT_TRUE(idle);
    EXPECT_EQ(sent().size(), 1u);  // not cancelled
    submit({.tasks = 1}, 2, {1});
    EXPECT_EQ(sent().size(), 1u);
}

TEST_F(JobsOfALeader, RunOnTheNodesThatTheyGot) {
    submit({.nodes = 2, .tasks = 3}, 1);
    const auto orders = sent();
    ASSERT_EQ(orders.size(), 2u);
    EXPECT_EQ(orders[0].to, 0u);
    EXPECT_EQ(orders[0].body.get("count").as_integer(), 2);
    EXPECT_EQ(orders[1].to, 1u);
    EXPECT_EQ(orders[1].body.get("first").as_integer(), 2);
    EXPECT_THAT(told(), ElementsAre("1 job.accepted"));
    end(orders[0], 0, 0);
    end(orders[0], 1, 4);
    EXPECT_THAT(told(), IsEmpty());
    end(orders[0], 2, 3);
    EXPECT_THAT(told(), ElementsAre("1 done 4"));  // the highest code
}

TEST_F(JobsOfALeader, WaitTheirTurn) {
    submit({.nodes = 2, .tasks = 4}, 1);
    const auto first = sent();
    submit({.nodes = 2, .tasks = 4}, 2);
    submit({.tasks = 1}, 3);  // would fit nowhere before the second either
    EXPECT_THAT(sent(), IsEmpty());
    for (std::uint32_t task = 0; task < 4; ++task) end(first[0], task, 0);
    EXPECT_EQ(sent().size(), 2u);
    EXPECT_THAT(told(),
                ElementsAre("1 job.accepted", "2 job.accepted", "3 job.accepted", "1 done 0"));
}

TEST_F(JobsOfALeader, WaitForNodesThatAreDown) {
    submit({.nodes = 3, .tasks = 3}, 1);
    EXPECT_THAT(sent(), IsEmpty());
    jobs_.set_up(2, true);
    EXPECT_EQ(sent().size(), 3u);
}

TEST_F(JobsOfALeader, AreRefusedWhenTheyCanNeverRun) {
    submit({.nodes = 4, .tasks = 4}, 1);
    EXPECT_THAT(told(),
                ElementsAre("1 job.accepted",
                            "1 job.exception unsatisfiable request: need 4 node(s) with 1 cores "
                            "each, only 3 eligible",
                            "1 done 1"));
}

TEST_F(JobsOfALeader, FailWithANodeThatIsLost) {
    submit({.nodes = 2, .tasks = 2}, 1);
    const auto orders = sent();
    told();
    jobs_.lose(1, "b");
    settle();
    EXPECT_THAT(told(), ElementsAre("1 job.exception node failure on b (rank 1)"));
    const auto signals = sent();
    ASSERT_FALSE(signals.empty());
    EXPECT_EQ(signals[0].body.get("signal").as_integer(), SIGTERM);
    end(orders[0], 0, 143);
    EXPECT_THAT(told(), ElementsAre("1 done 143"));
}

TEST_F(JobsOfALeader, FailWhenAllTheirNodesAreLost) {
    submit({.nodes = 1, .tasks = 1}, 1);
    told();
    jobs_.lose(0, "a");
    settle();
    EXPECT_THAT(told(), ElementsAre("1 job.exception node failure on a (rank 0)", "1 done 1"));
    jobs_.set_up(0, true);
    submit({.nodes = 2, .tasks = 4}, 2);  // its cores are free again
    EXPECT_EQ(sent().size(), 3u + 1u);    // two orders after the order and the signal of the first
}

TEST_F(JobsOfALeader, AreEndedHarderAfterAWhile) {
    submit({.tasks = 1}, 1);
    sent();
    jobs_.cancel(1);
    settle();
    EXPECT_EQ(sent().at(0).body.get("signal").as_integer(), SIGTERM);
    clock_.pass(std::chrono::milliseconds(4900));
    settle();
    EXPECT_THAT(sent(), IsEmpty());
    clock_.pass(std::chrono::milliseconds(200));
    settle();
    EXPECT_EQ(sent().at(0).body.get("signal").as_integer(), SIGKILL);
}

TEST_F(JobsOfALeader, AreEndedAtTheirTimeLimit) {
    submit({.tasks = 1}, 1, {}, 60.0);
    sent();
    told();
    clock_.pass(std::chrono::seconds(61));
    settle();
    EXPECT_EQ(sent().at(0).body.get("signal").as_integer(), SIGALRM);
    EXPECT_THAT(told(), ElementsAre("1 job.exception resource allocation expired"));
}

TEST_F(JobsOfALeader, CancelledWhileTheyWait) {
    submit({.nodes = 3, .tasks = 3}, 1);
    jobs_.cancel(1);
    settle();
    EXPECT_THAT(told(), ElementsAre("1 job.accepted", "1 job.exception ", "1 done 1"));
}

TEST_F(JobsOfALeader, GoOnUnwatched) {
    submit({.tasks = 1}, 1);
    const auto orders = sent();
    told();
    jobs_.forget(0, 1);
    end(orders[0], 0, 0);
    EXPECT_THAT(told(), IsEmpty());
    submit({.nodes = 2, .tasks = 4}, 2);
    EXPECT_EQ(sent().size(), 2u);
}

TEST_F(JobsOfALeader, StopWhenTheLastIsOver) {
    submit({.tasks = 1}, 1);
    submit({.nodes = 3, .tasks = 3}, 2);  // waits, and is not waited for
    const auto orders = sent();
    bool idle = false;
    jobs_.stop([&] { idle = true; });
    settle();
    EXPECT_FALSE(idle);
    EXPECT_EQ(sent().at(0).body.get("signal").as_integer(), SIGTERM);
    end(orders[0], 0, 143);
    EXPECT_TRUE(idle);
    told();
    submit({.tasks = 1}, 3);
    EXPECT_THAT(told(), ElementsAre(testing::StartsWith("3 error job submission is disabled")));
}

TEST_F(JobsOfALeader, StopAtOnceWhenNoneRuns) {
    bool idle = false;
    jobs_.stop([&] { idle = true; });
    EXPECT_TRUE(idle);
}

TEST_F(JobsOfALeader, ExecRunsWhereItIsToldTo) {
    submit({}, 1, {1, 2});
    const auto orders = sent();
    ASSERT_EQ(orders.size(), 1u);  // rank 2 is down
    EXPECT_EQ(orders[0].to, 1u);
    EXPECT_EQ(orders[0].body.get("plain").as_boolean(), true);
    EXPECT_THAT(told(), ElementsAre("1 job.accepted", "1 job.note"));
    end(orders[0], 0, 0);
    EXPECT_THAT(told(), ElementsAre("1 done 68"));
}

TEST_F(JobsOfALeader, RoomIsWaitedFor) {
    submit({.nodes = 2, .tasks = 4}, 1);
    const auto orders = sent();
    told();
    const JobRequest wanted{.shape = {.nodes = 1, .tasks = 1}, .plan = {{"x"}, {}, "/"}};
    jobs_.wait_room({0, 1, 2}, encode_request(wanted));
    EXPECT_THAT(told(), IsEmpty());
    for (std::uint32_t task = 0; task < 4; ++task) end(orders[0], task, 0);
    EXPECT_THAT(told(), ElementsAre("1 done 0", "2 done"));
    const JobRequest never{.shape = {.nodes = 9, .tasks = 9}, .plan = {{"x"}, {}, "/"}};
    jobs_.wait_room({0, 1, 3}, encode_request(never));
    EXPECT_THAT(told(), ElementsAre(testing::StartsWith("3 error unsatisfiable")));
}

TEST_F(JobsOfALeader, AMalformedRequestIsAnswered) {
    jobs_.submit({0, 1, 7}, json::Value::object());
    EXPECT_THAT(told(), ElementsAre(testing::StartsWith("7 error ")));
}

}  // namespace
}  // namespace muster::rehearsal
