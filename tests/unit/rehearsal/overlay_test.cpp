// SPDX-License-Identifier: Apache-2.0
// The two sides of the overlay network against each other, over CURVE in one process.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <optional>
#include <span>

#include "children.hpp"
#include "parent_link.hpp"

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Overlay : public testing::Test {
  protected:
    OverlayOptions options(Rank rank) const {
        OverlayOptions made;
        made.rank = rank;
        made.version = "0.1.0";
        made.hosts = {"a", "b", "c"};
        made.tree = Tree({std::nullopt, 0, 1});
        return made;
    }
    void listen() {
        children_ = *Children::listen(
            *server_, reactor_, log_, options(0), keys_, uri_,
            {.on_message = [this](const Message& m) { got_.push_back("up " + m.topic); },
             .on_lost = [this](Rank r) { got_.push_back(fmt::format("lost {}", r)); },
             .on_left = [this](Rank r) { got_.push_back(fmt::format("left {}", r)); }});
    }
    std::unique_ptr<ParentLink> dial(const OverlayOptions& options, const std::string& name,
                                     const curve::KeyPair& keys) {
        return *ParentLink::connect(
            context_, reactor_, log_, options, name, keys, uri_,
            {.on_message = [this](const Message& m) { got_.push_back("down " + m.topic); },
             .on_state =
                 [this](State s) { got_.push_back(fmt::format("state {}", rehearsal::name(s))); },
             .on_heartbeat = [this] { got_.push_back("heartbeat"); },
             .on_farewell = [this] { got_.push_back("farewell"); },
             .on_rejected = [this](const std::string& text) { got_.push_back("rejected " + text); },
             .on_disconnected = [this] { got_.push_back("disconnected"); }});
    }
    /// Runs until `line` is noted; forgets what was noted up to then.
    testing::AssertionResult until(const std::string& line) {
        const auto deadline = Deadline::after(clock_, std::chrono::seconds(10));
        while (true) {
            const auto found = std::ranges::find(got_, line);
            if (found != got_.end()) {
                got_.erase(got_.begin(), found + 1);
                return testing::AssertionSuccess();
            }
            if (deadline.passed(clock_.now()))
                return testing::AssertionFailure() << "got " << testing::PrintToString(got_);
            reactor_.run(Deadline::after(clock_, std::chrono::milliseconds(5)));
        }
    }
    /// The parent's process ends, and with it its listener.
    void kill_parent() {
        children_.reset();
        server_.reset();
        server_.emplace(*ZmqContext::make());
    }
    /// Runs until something is noted, at most `wait`; gives and forgets what was.
    std::vector<std::string> next(Duration wait = std::chrono::seconds(10)) {
        const auto deadline = Deadline::after(clock_, wait);
        while (got_.empty() && !deadline.passed(clock_.now()))
            reactor_.run(deadline.sooner(Deadline::after(clock_, std::chrono::milliseconds(5))));
        return std::exchange(got_, {});
    }

    SystemClock clock_;
    Reactor reactor_ = *Reactor::make(clock_);
    BrokerLog log_{"test"};
    ZmqContext context_ = *ZmqContext::make();
    std::optional<ZmqContext> server_{*ZmqContext::make()};
    curve::KeyPair keys_ = *curve::make_key_pair();
    std::string uri_ =
        fmt::format("ipc:///tmp/rehearsal-overlay-{}-{}", ::getpid(), fmt::ptr(this));
    std::vector<std::string> got_;
    std::unique_ptr<Children> children_;
};

TEST_F(Overlay, AChildJoinsTalksAndLeaves) {
    listen();
    children_->announce(State::quorum);
    const auto link = dial(options(1), "b", keys_);
    EXPECT_THAT(next(), ElementsAre("state quorum"));
    EXPECT_TRUE(link->joined());
    EXPECT_EQ(children_->online(), 1u);
    link->send({.topic = "x"});
    EXPECT_THAT(next(), ElementsAre("up x"));
    EXPECT_TRUE(children_->send(1, {.topic = "y"}));
    EXPECT_THAT(next(), ElementsAre("down y"));
    children_->broadcast({.topic = std::string(topic::heartbeat)});
    EXPECT_THAT(next(), ElementsAre("heartbeat"));
    children_->announce(State::run);
    EXPECT_THAT(next(), ElementsAre("state run"));
    link->send({.topic = std::string(topic::goodbye)});
    EXPECT_TRUE(until("left 1"));
    EXPECT_TRUE(until("farewell"));
    EXPECT_EQ(children_->online(), 0u);
    EXPECT_FALSE(children_->send(1, {.topic = "y"}));
}

TEST_F(Overlay, AChildMayComeFirst) {
    const auto link = dial(options(1), "b", keys_);
    EXPECT_THAT(next(std::chrono::milliseconds(50)), testing::IsEmpty());
    listen();
    EXPECT_THAT(next(), ElementsAre("state join"));
}

TEST_F(Overlay, WhoIsNoChildOfOursIsRejected) {
    listen();
    const auto grandchild = dial(options(2), "c", keys_);
    EXPECT_TRUE(until("rejected rank 2 is not a child of rank 0: mismatched config?"));
    EXPECT_TRUE(until("disconnected"));
    const auto liar = dial(options(1), "c", keys_);
    EXPECT_TRUE(until("rejected Invalid argument"));
    EXPECT_TRUE(until("disconnected"));
    EXPECT_EQ(children_->online(), 0u);
}

TEST_F(Overlay, AnotherReleaseIsRejected) {
    listen();
    auto other = options(1);
    other.version = "0.2.0";
    const auto link = dial(other, "b", keys_);
    EXPECT_TRUE(until("rejected client (0.2.0) version mismatched with server (0.1.0)"));
    auto patch = options(1);
    patch.version = "0.1.7";
    const auto second = dial(patch, "b", keys_);
    EXPECT_TRUE(until("state join"));
    EXPECT_EQ(children_->online(), 1u);
}

TEST_F(Overlay, AnotherKeyGetsNoWordIn) {
    listen();
    const auto other = *curve::make_key_pair();
    const auto stranger = dial(options(1), "b", other);
    EXPECT_THAT(next(std::chrono::milliseconds(300)), testing::IsEmpty());
    EXPECT_EQ(children_->online(), 0u);
}

TEST_F(Overlay, TheRightServerKeyIsNotEnough) {
    listen();
    testing::internal::CaptureStderr();
    // What only a home-made client does: the shared public key as server key, and a pair of its
    // own.
    const auto own = *curve::make_key_pair();
    void* client = ::zmq_socket(context_.get(), ZMQ_DEALER);
    const auto set = [&](int option, std::span<const std::uint8_t> key) {
        EXPECT_EQ(::zmq_setsockopt(client, option, key.data(), key.size()), 0);
    };
    set(ZMQ_CURVE_SERVERKEY, keys_.public_key.bytes());
    set(ZMQ_CURVE_PUBLICKEY, own.public_key.bytes());
    set(ZMQ_CURVE_SECRETKEY, own.secret_key.bytes());
    const int no_linger = 0;
    ::zmq_setsockopt(client, ZMQ_LINGER, &no_linger, sizeof no_linger);
    EXPECT_EQ(::zmq_connect(client, uri_.c_str()), 0);
    EXPECT_THAT(next(std::chrono::milliseconds(1500)), testing::IsEmpty());
    ::zmq_close(client);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("overlay auth No access"));
}

TEST_F(Overlay, ASecondLifeTakesThePlaceOfTheFirst) {
    listen();
    const auto first = dial(options(1), "b", keys_);
    next();
    const auto second = dial(options(1), "b", keys_);
    EXPECT_TRUE(until("lost 1"));
    EXPECT_TRUE(until("state join"));
    EXPECT_TRUE(second->joined());
    EXPECT_EQ(children_->online(), 1u);
    first->send({.topic = std::string(topic::keepalive)});
    EXPECT_TRUE(until("disconnected"));
}

TEST_F(Overlay, AConnectionThatBreaksIsALoss) {
    listen();
    auto link = dial(options(1), "b", keys_);
    next();
    link.reset();
    EXPECT_TRUE(until("lost 1"));
    EXPECT_EQ(children_->online(), 0u);
}

TEST_F(Overlay, ANewParentSendsOldChildrenAway) {
    listen();
    const auto link = dial(options(1), "b", keys_);
    next();
    kill_parent();
    listen();
    link->send({.topic = std::string(topic::keepalive)});
    EXPECT_TRUE(until("disconnected"));
}

TEST_F(Overlay, NoHeartbeatIsADisconnect) {
    listen();
    children_->announce(State::run);
    auto impatient = options(1);
    impatient.heartbeat_period = std::chrono::milliseconds(20);
    impatient.heartbeat_timeout = std::chrono::milliseconds(200);
    const auto link = dial(impatient, "b", keys_);
    EXPECT_TRUE(until("state run"));
    EXPECT_TRUE(until("disconnected"));
}

TEST_F(Overlay, AnAddressThatCannotBeIsRefused) {
    const auto made =
        Children::listen(*server_, reactor_, log_, options(0), keys_, "tcp://no-such-if0:8050", {});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().message, "error binding to tcp://no-such-if0:8050: No such device");
}

}  // namespace
}  // namespace muster::rehearsal
