// SPDX-License-Identifier: Apache-2.0
// How often a ListWatch asks, over hours that pass in no time. What it tells is
// test_kube_client.py's.
#include "muster/kube/list_watch.hpp"

#include <gmock/gmock.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <charconv>
#include <map>

#include "hand_clock.hpp"

using namespace muster;
using namespace muster::kube;
using namespace std::chrono_literals;

namespace {

/// A loop in which nobody waits: a descriptor that is always ready moves the clock.
class FastLoop {
  public:
    FastLoop() {
        reactor.watch(ready_.get(), EPOLLIN, [this](std::uint32_t) { clock.advance(250ms); });
    }
    void run(Duration span) { reactor.run(Deadline::after(clock, span)); }

    HandClock clock;
    Reactor reactor = Reactor::make(clock).value();

  private:
    Fd ready_{::eventfd(1, EFD_CLOEXEC)};
};

/// Lists are empty, and watches do as they are told.
class Server final : public ApiServer {
  public:
    explicit Server(FastLoop& loop) : loop_(&loop) {}

    CallId send(Request, std::function<void(Answer)> done) override {
        ++lists;
        return later(1ms, [this, done = std::move(done)] { done(list_answer()); });
    }
    CallId stream(Request request, std::function<void(std::string_view)> data,
                  std::function<void(std::optional<Failure>)> end) override {
        ++watches;
        std::int64_t seconds = 0;
        for (const auto& [name, value] : request.query)
            if (name == "timeoutSeconds")
                std::from_chars(value.data(), value.data() + value.size(), seconds);
        asked_for.push_back(std::chrono::seconds(seconds));
        if (!event.empty()) later(1ms, [data, this] { data(event); });
        const Duration length = ends_after == 0s ? asked_for.back() : ends_after;
        return later(length, [end = std::move(end), this] { end(failure); });
    }
    void cancel(CallId call) override {
        loop_->reactor.cancel(timers_[call]);
        timers_.erase(call);
    }

    int lists = 0, watches = 0;
    std::vector<Duration> asked_for;
    std::string event;               ///< what each watch says
    Duration ends_after = 0s;        ///< 0: what was asked for
    std::optional<Failure> failure;  ///< how each watch ends
    std::optional<Failure> no_list;

  private:
    Answer list_answer() const {
        if (no_list) return tl::unexpected(*no_list);
        return json::Value::parse(R"({"metadata":{"resourceVersion":"7"},"items":[]})").value();
    }
    CallId later(Duration delay, Reactor::Action action) {
        timers_[++last_] = loop_->reactor.after(delay, std::move(action));
        return last_;
    }
    FastLoop* loop_;
    std::map<CallId, Reactor::TimerId> timers_;
    CallId last_ = 0;
};

class ListWatchTest : public testing::Test {
  protected:
    std::unique_ptr<ListWatch> start() {
        return std::make_unique<ListWatch>(
            server, loop.reactor, ListWatch::Options{.resource = pods, .seed = 1},
            [this](const Change&) { ++changes; }, [this](const Failure&, Duration) { ++troubles; });
    }
    FastLoop loop;
    Server server{loop};
    int changes = 0, troubles = 0;
};

TEST_F(ListWatchTest, nothing_is_asked_while_nothing_changes_but_renewals) {
    const auto watching = start();
    EXPECT_FALSE(watching->is_synced());
    loop.run(10h);
    EXPECT_TRUE(watching->is_synced());
    EXPECT_EQ(server.lists, 1);
    EXPECT_GE(server.watches, 60);
    EXPECT_LE(server.watches, 121);
    EXPECT_EQ(troubles, 0);
    EXPECT_EQ(changes, 1);
    const auto [least, most] = std::ranges::minmax(server.asked_for);
    EXPECT_GE(least, 5min);
    EXPECT_LE(most, 10min);
    EXPECT_GT(most - least, 2min);
}

TEST_F(ListWatchTest, pauses_grow_while_no_watch_comes_about) {
    server.failure = Failure{.message = "refused"};
    server.ends_after = 1ms;
    const auto watching = start();
    loop.run(1h);
    EXPECT_GE(server.watches, 180);
    EXPECT_LE(server.watches, 370);
    EXPECT_EQ(server.lists, 1);
    EXPECT_EQ(troubles, server.watches);
}

TEST_F(ListWatchTest, server_that_ends_every_watch_at_once_is_not_asked_in_a_loop) {
    server.ends_after = 1ms;
    const auto watching = start();
    loop.run(1h);
    EXPECT_LE(server.watches, 370);
}

TEST_F(ListWatchTest, server_that_forgets_what_it_just_said_is_not_asked_in_a_loop) {
    server.event = R"({"type":"ERROR","object":{"code":410,"reason":"Expired"}})"
                   "\n";
    const auto watching = start();
    loop.run(1h);
    EXPECT_GE(server.lists, 180);
    EXPECT_LE(server.lists, 370);
    EXPECT_EQ(troubles, server.watches);
}

TEST_F(ListWatchTest, list_that_fails_is_tried_again_and_not_before_the_server_wants_it) {
    server.no_list = Failure{.code = 429, .message = "no", .retry_after = 60s};
    const auto watching = start();
    loop.run(1h);
    EXPECT_GE(server.lists, 55);
    EXPECT_LE(server.lists, 61);
    EXPECT_FALSE(watching->is_synced());
}

TEST_F(ListWatchTest, one_that_is_gone_asks_and_tells_nothing) {
    auto watching = start();
    watching.reset();
    loop.run(1h);
    EXPECT_EQ(changes + troubles, 0);
    EXPECT_EQ(server.watches, 0);
}

TEST_F(ListWatchTest, may_be_destroyed_by_what_it_tells) {
    std::unique_ptr<ListWatch> watching;
    server.event =
        R"({"type":"ADDED","object":{"metadata":{"name":"a","uid":"1","resourceVersion":"8"}}})"
        "\n"
        R"({"type":"ADDED","object":{"metadata":{"name":"b","uid":"2","resourceVersion":"9"}}})"
        "\n";
    watching = std::make_unique<ListWatch>(
        server, loop.reactor, ListWatch::Options{.resource = pods},
        [&](const Change& change) {
            ++changes;
            if (change.what == Change::What::added) watching.reset();
        },
        [](const Failure&, Duration) {});
    loop.run(1h);
    EXPECT_EQ(changes, 2);
    EXPECT_EQ(server.watches, 1);
}

TEST_F(ListWatchTest, may_be_destroyed_by_its_first_trouble) {
    std::unique_ptr<ListWatch> watching;
    server.no_list = Failure{.code = 403, .message = "no"};
    watching = std::make_unique<ListWatch>(
        server, loop.reactor, ListWatch::Options{.resource = pods}, [](const Change&) {},
        [&](const Failure&, Duration) { watching.reset(); });
    loop.run(1h);
    EXPECT_EQ(server.lists, 1);
}

}  // namespace
