// SPDX-License-Identifier: Apache-2.0
// The gates in a made-up cluster: listeners that wait themselves, refuse, or are no broker.
#include "walk_fixture.hpp"

namespace muster::discovery::world {
namespace {

struct CurveRow {
    What what;
    Cause cause;
    Duration ends;
};

TEST_F(WalkTest, WaitsAtTheDoorstepOfAParentThatWaitsAndThenIsQuick) {
    world.authority.names[name] = {"10.0.0.1"};
    world.hosts["10.0.0.1"] = {Port::listening, What::waiting, 1min};
    world.let(1min, [this] { world.hosts["10.0.0.1"] = {Port::refusing}; });
    world.let(1min + 300ms, [this] { listen("10.0.0.1"); });
    const auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 1min + 300ms + 40ms);
    EXPECT_LT(pod.passage().dials, 30);
    EXPECT_LT(pod.passage().questions, 60)
        << "the address may change meanwhile, but need not be sought";
}

TEST_F(WalkTest, SaysThatTheParentWaitsItself) {
    world.authority.names[name] = {"10.0.0.1"};
    world.hosts["10.0.0.1"] = {Port::listening, What::waiting, 1h};
    auto asked = request(2min);
    asked.say_waiting = true;
    const auto& pod = start(asked);
    go();
    ASSERT_FALSE(pod.passed());
    EXPECT_EQ(pod.failure().gate, Gate::listener);
    EXPECT_EQ(pod.failure().cause, Cause::parent_waits);
    EXPECT_TRUE(pod.failure().so_far.passed.at(1));
    EXPECT_FALSE(pod.failure().so_far.passed.at(2));
    EXPECT_EQ(describe(pod.failure(), "rank 1").kind, Kind::unavailable);
    EXPECT_THAT(world.said.front(), HasSubstr("dial 10.0.0.1 port 8050: as told"));
}

TEST_F(WalkTest, LeavesADoorstepWhenTheNameLeadsElsewhere) {
    listen("10.0.0.2");
    world.hosts["10.0.0.1"] = {Port::listening, What::waiting, 1h};
    publish("10.0.0.1");
    const auto& pod = start();
    publish("10.0.0.2", 20s);
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 25s + goal);
    EXPECT_EQ(pod.passage().address, "10.0.0.2");
}

TEST_F(WalkTest, SaysWhatIsWrongWithTheListener) {
    for (const auto& row : std::vector<CurveRow>{
             {What::other_key, Cause::other_certificate, 10s},
             {What::not_authorized, Cause::client_not_authorized, 10s},
             {What::no_curve, Cause::no_broker, 10s},
             {What::closed, Cause::closing_listener, 10s},
             {What::silent, Cause::silent_listener, 2min},
         }) {
        world.said.clear();
        listen("10.0.0.1", row.what);
        world.authority.names[name] = {"10.0.0.1"};
        const auto& pod = start(request(2min));
        go();
        ASSERT_FALSE(pod.passed());
        EXPECT_EQ(pod.failure().gate, Gate::curve);
        EXPECT_EQ(pod.failure().cause, row.cause);
        EXPECT_GE(pod.failure().waited, row.ends);
        EXPECT_LE(pod.failure().waited, row.ends + 5s + 2s) << "a turn, to see that it is not old";
        EXPECT_EQ(describe(pod.failure(), "rank 0").kind, Kind::protocol);
        EXPECT_EQ(world.said.size(), row.what == What::silent ? 0u : 1u);
    }
}

TEST_F(WalkTest, BearsARefusalLongerWhereTheAddressMayBeOld) {
    listen("10.0.0.9", What::other_key);
    world.authority.names[name] = {"10.0.0.9"};
    const auto& pod = start(request(2min));
    // Nobody says anything new any more.
    world.let(1s, [this] { world.authority.silent = true; });
    go();
    ASSERT_FALSE(pod.passed());
    EXPECT_GE(pod.failure().waited, 35s);
    EXPECT_LE(pod.failure().waited, 37s);
}

TEST_F(WalkTest, TriesTheOtherAddressWhenOneRefuses) {
    listen("10.0.0.1", What::other_key);
    listen("10.0.0.2");
    world.authority.names[name] = {"10.0.0.1", "10.0.0.2"};
    const auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), goal);
}

}  // namespace
}  // namespace muster::discovery::world
