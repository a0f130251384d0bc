// SPDX-License-Identifier: Apache-2.0
// The gates in a made-up cluster: addresses that are old, silent or refusing, and how often they
// are dialled.
#include "walk_fixture.hpp"

namespace muster::discovery::world {
namespace {

class OldAddress : public WalkTest, public testing::WithParamInterface<Host> {};

TEST_P(OldAddress, IsFoundOutWithinASlotsTurn) {
    for (const bool srv : {true, false}) {
        for (const Duration moment : std::vector<Duration>{1s, 4990ms, 7s, 14s, 23s}) {
            // What is read anew and refuses still is hopeless after 10 s.
            const bool refuses =
                GetParam().port == Port::listening && GetParam().curve != What::silent;
            if (refuses && moment > 5s) continue;
            world.authority = {};
            world.authority.knows_srv = srv;
            world.caches.assign(1, Cache(world.clock, world.authority));
            world.hosts = {{"10.0.0.9", GetParam()}};
            world.authority.names[name] = {"10.0.0.9"};
            world.caches.front().plain(name);
            listen("10.0.0.1");
            const auto& pod = start();
            publish("10.0.0.1", moment);
            go();
            ASSERT_TRUE(pod.passed());
            // Without SRV a turn is 11 s, and the first one may come late.
            EXPECT_LE(*pod.passed(), moment + (srv ? 5s : 16s) + goal);
            EXPECT_EQ(pod.passage().address, "10.0.0.1");
            if (*pod.passed() < 30s) {
                EXPECT_EQ(pod.passage().connect_by_address, "a plain look-up still says 10.0.0.9");
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Ports, OldAddress,
                         testing::Values(Host{Port::silent}, Host{Port::refusing},
                                         Host{Port::listening, What::other_key},
                                         Host{Port::listening, What::not_authorized},
                                         Host{Port::listening, What::no_curve},
                                         Host{Port::listening, What::silent}));

TEST_F(WalkTest, KeepsDiallingWhileTheNameServersAreSilent) {
    world.hosts["10.0.0.1"] = {Port::refusing};
    world.authority.names[name] = {"10.0.0.1"};
    world.let(1s, [this] { world.authority.silent = true; });
    world.let(9s, [this] { listen("10.0.0.1"); });
    const auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 10s);
    EXPECT_NE(pod.passage().connect_by_address, "");
}

TEST_F(WalkTest, FollowsALeaderThatComesBackElsewhere) {
    world.hosts["10.0.0.1"] = {Port::refusing};
    world.authority.names[name] = {"10.0.0.1"};
    world.let(8s, [this] { world.authority.names.clear(); });
    world.let(20s, [this] { listen("10.0.0.2"); });
    publish("10.0.0.2", 20s);
    const auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 25s + goal);
    EXPECT_EQ(pod.passage().address, "10.0.0.2");
}

TEST_F(WalkTest, JoinsSoonAfterThePortIsOpened) {
    for (const Duration moment : std::vector<Duration>{3ms, 50ms, 1s, 10s, 60s}) {
        world.hosts["10.0.0.1"] = {Port::refusing};
        world.authority.names[name] = {"10.0.0.1"};
        world.let(moment, [this] { listen("10.0.0.1"); });
        const auto& pod = start();
        go();
        ASSERT_TRUE(pod.passed());
        // At first the next dial is milliseconds away, and then up to a 12th of what was waited.
        const Duration longest = 25ms + std::min<Duration>(moment / 12, 3125ms);
        EXPECT_LE(*pod.passed(), moment + std::clamp<Duration>(2 * moment, 20ms, longest));
    }
}

TEST_F(WalkTest, SaysThatTheAddressIsSilent) {
    world.authority.names[name] = {"10.0.0.1"};
    const auto& pod = start(request(20s));
    go();
    EXPECT_EQ(pod.failure().gate, Gate::address);
    EXPECT_EQ(pod.failure().cause, Cause::silent_address);
    EXPECT_EQ(pod.failure().asked, "10.0.0.1 port 8050");
    EXPECT_EQ(describe(pod.failure(), "rank 0").kind, Kind::unavailable);
    EXPECT_EQ(pod.dialler.dials.front().limit, 250ms);
    EXPECT_EQ(pod.dialler.dials.back().limit, 500ms);
    EXPECT_TRUE(pod.failure().so_far.passed.at(0));
    EXPECT_FALSE(pod.failure().so_far.passed.at(1));
}

TEST_F(WalkTest, SaysThatNothingListens) {
    world.hosts["10.0.0.1"] = {Port::refusing};
    world.authority.names[name] = {"10.0.0.1"};
    const auto& pod = start(request(20s));
    go();
    EXPECT_EQ(pod.failure().gate, Gate::listener);
    EXPECT_EQ(pod.failure().cause, Cause::connection_refused);
    EXPECT_TRUE(pod.failure().so_far.passed.at(1));
    EXPECT_FALSE(pod.failure().so_far.passed.at(2));
    // 5 ms, doubling, up to a 16th of what was waited.
    const auto& dials = pod.dialler.dials;
    ASSERT_GT(dials.size(), 70u);
    EXPECT_LT(dials.size(), 250u);
    EXPECT_LE(dials.at(1).at - dials.at(0).at, 15ms);
    EXPECT_GE(dials.back().at - dials.at(dials.size() - 2).at, 100ms);
}

TEST_F(WalkTest, TrustsAnAnswerForATenthOfTheWaitOrAsLongAsADialMayLast) {
    world.hosts["10.0.0.1"] = {Port::refusing};
    world.authority.names[name] = {"10.0.0.1"};
    const auto begun = world.clock.now();
    const auto& pod = start(request(20s));
    go();
    const auto& asked = world.plainly_asked_at;
    for (const auto& dial : pod.dialler.dials) {
        const auto after = std::upper_bound(asked.begin(), asked.end(), dial.at);
        ASSERT_NE(after, asked.begin());
        EXPECT_LE(dial.at - *std::prev(after), std::max<Duration>(500ms, (dial.at - begun) / 10));
    }
}

TEST_F(WalkTest, AMinuteOfWaitingCostsLittle) {
    const auto& early = start(request(60s));
    go();
    EXPECT_LE(early.failure().so_far.questions, 230) << "each about 0.2 ms of processor time";
    world.hosts["10.0.0.1"] = {Port::refusing};
    world.authority.names[name] = {"10.0.0.1"};
    const auto& refused = start(request(60s));
    go();
    EXPECT_LE(refused.failure().so_far.questions, 60);
    EXPECT_LE(refused.failure().so_far.dials, 210) << "each half as much";
}

TEST_F(WalkTest, DialsMoreSlowlyTheMorePodsThereAre) {
    world.hosts["10.0.0.1"] = {Port::refusing};
    world.authority.names[name] = {"10.0.0.1"};
    auto asked = request(60s);
    asked.size = 8000;  // 2 s
    const auto& pod = start(asked);
    go();
    EXPECT_LT(pod.dialler.dials.size(), 60u);
}

}  // namespace
}  // namespace muster::discovery::world
