// SPDX-License-Identifier: Apache-2.0
#include "muster/base/reactor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

namespace muster {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class ReactorTest : public testing::Test {
  protected:
    ReactorTest() : reactor(Reactor::make(clock).value()) {}
    /// Ends a test that hangs; none waits that long.
    Deadline limit() const { return Deadline::after(clock, std::chrono::seconds(20)); }

    SystemClock clock;
    Reactor reactor;
    std::vector<int> order;
};

TEST_F(ReactorTest, RunsTimersInOrderOfTheirTimes) {
    reactor.after(milliseconds(150), [this] {
        order.push_back(3);
        reactor.stop();
    });
    reactor.after(milliseconds(50), [this] { order.push_back(1); });
    reactor.after(milliseconds(100), [this] { order.push_back(2); });
    EXPECT_TRUE(reactor.run(limit()));
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(ReactorTest, RunsNoTimerEarly) {
    const auto start = clock.now();
    reactor.after(milliseconds(5), [this] { reactor.stop(); });
    EXPECT_TRUE(reactor.run(limit()));
    EXPECT_GE(clock.now() - start, milliseconds(5));
}

TEST_F(ReactorTest, RunsNoCancelledTimer) {
    const auto other = reactor.after(milliseconds(100), [this] { order.push_back(1); });
    reactor.after(Duration::zero(), [this, other] { reactor.cancel(other); });
    reactor.after(milliseconds(150), [this] { reactor.stop(); });
    reactor.cancel(0);
    reactor.cancel(999);
    EXPECT_TRUE(reactor.run(limit()));
    EXPECT_THAT(order, testing::IsEmpty());
}

TEST_F(ReactorTest, ATimerMayCancelItself) {
    Reactor::TimerId self = 0;
    self = reactor.after(Duration::zero(), [&] {
        reactor.cancel(self);
        reactor.stop();
    });
    EXPECT_TRUE(reactor.run(limit()));
}

TEST_F(ReactorTest, TimersOfNoDelayDoNotStarveDescriptors) {
    auto pipe = make_pipe().value();
    ASSERT_TRUE(write_all(pipe.write.get(), "x"));
    reactor.watch(pipe.read.get(), EPOLLIN, [this](std::uint32_t) { reactor.stop(); });
    std::function<void()> again = [&] { reactor.after(Duration::zero(), again); };
    again();
    EXPECT_TRUE(reactor.run(limit()));
}

TEST_F(ReactorTest, EndsAtItsDeadline) {
    EXPECT_FALSE(reactor.run(Deadline::after(clock, milliseconds(2))));
    EXPECT_FALSE(reactor.run(Deadline::at(clock.now())));
}

TEST_F(ReactorTest, RunsAgainAfterAStop) {
    for (int round = 0; round < 2; ++round) {
        reactor.after(Duration::zero(), [this] { reactor.stop(); });
        EXPECT_TRUE(reactor.run(limit()));
    }
}

TEST_F(ReactorTest, CallsAHandlerWithWhatHappened) {
    auto pipe = make_pipe().value();
    std::vector<std::uint32_t> seen;
    reactor.watch(pipe.read.get(), EPOLLIN, [&](std::uint32_t events) {
        seen.push_back(events);
        if ((events & EPOLLHUP) != 0) return reactor.stop();
        char byte = 0;
        ASSERT_EQ(::read(pipe.read.get(), &byte, 1), 1);
        pipe.write.reset();
    });
    ASSERT_TRUE(write_all(pipe.write.get(), "x"));
    EXPECT_TRUE(reactor.run(limit()));
    EXPECT_THAT(seen, ElementsAre(EPOLLIN, EPOLLHUP));
}

TEST_F(ReactorTest, AWatchReplacesTheOneBefore) {
    auto pipe = make_pipe().value();
    reactor.watch(pipe.write.get(), EPOLLOUT, [this](std::uint32_t) { order.push_back(1); });
    reactor.watch(pipe.write.get(), EPOLLOUT, [this](std::uint32_t) {
        order.push_back(2);
        reactor.stop();
    });
    EXPECT_TRUE(reactor.run(limit()));
    EXPECT_THAT(order, ElementsAre(2));
}

TEST_F(ReactorTest, AHandlerMayForgetItselfAndOthers) {
    auto first = make_pipe().value();
    auto second = make_pipe().value();
    // Whichever comes first forgets both: the other's event must not arrive.
    const auto handler = [&, kept = std::string(100, 'x')](std::uint32_t) {
        reactor.forget(first.write.get());
        reactor.forget(second.write.get());
        order.push_back(static_cast<int>(kept.size()));
    };
    reactor.watch(first.write.get(), EPOLLOUT, handler);
    reactor.watch(second.write.get(), EPOLLOUT, handler);
    EXPECT_FALSE(reactor.run(Deadline::after(clock, milliseconds(100))));
    EXPECT_THAT(order, ElementsAre(100));
    reactor.forget(12345);  // nobody's
}

TEST_F(ReactorTest, HandsOverSignalsInsteadOfDying) {
    sigset_t old;
    ::sigprocmask(SIG_SETMASK, nullptr, &old);
    ASSERT_TRUE(reactor.on_signals({SIGUSR1, SIGTERM}, [this](int signal) {
        order.push_back(signal);
        if (order.size() == 2) reactor.stop();
    }));
    ::kill(::getpid(), SIGTERM);
    ::kill(::getpid(), SIGUSR1);
    EXPECT_TRUE(reactor.run(limit()));
    EXPECT_THAT(order, testing::UnorderedElementsAre(SIGTERM, SIGUSR1));
    ::sigprocmask(SIG_SETMASK, &old, nullptr);
}

}  // namespace
}  // namespace muster
