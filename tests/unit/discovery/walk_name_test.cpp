// SPDX-License-Identifier: Apache-2.0
// The gates in a made-up cluster: a row for each way in which the parent's name is late or wrong.
#include "walk_fixture.hpp"

namespace muster::discovery::world {
namespace {

TEST_F(WalkTest, PassesAtOnceWhereTheParentIsThere) {
    listen("10.0.0.1");
    world.authority.names[name] = {"10.0.0.1"};
    auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 10ms);
    EXPECT_EQ(pod.passage().address, "10.0.0.1");
    EXPECT_EQ(pod.passage().connect_by_address, "");
    EXPECT_EQ(pod.passage().dials, 1);
    EXPECT_EQ(pod.passage().handshakes, 1);
    for (const auto& passed : pod.passage().passed) EXPECT_TRUE(passed);
}

TEST_F(WalkTest, NeedsNoNameServerForANumber) {
    world.authority.silent = true;
    listen("10.0.0.1");
    auto asked = request();
    asked.name = "10.0.0.1";
    auto& pod = start(asked);
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_EQ(pod.passage().questions, 0);
    EXPECT_EQ(pod.passage().connect_by_address, "");
}

TEST_F(WalkTest, FindsALateNameSoonAndWithoutPoisoningIt) {
    listen("10.0.0.1");
    publish("10.0.0.1", 12s - 1ms);
    auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 12s + goal);
    EXPECT_EQ(pod.passage().connect_by_address, "");
    EXPECT_EQ(world.caches.front().plain(name).addresses.front().text, "10.0.0.1");
}

TEST_F(WalkTest, ConnectsByAddressWhereSomebodyAskedTooEarly) {
    listen("10.0.0.1");
    publish("10.0.0.1", 3s);
    world.caches.front().plain(name);
    auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 3s + goal);
    EXPECT_EQ(pod.passage().connect_by_address, "a plain look-up still says: no such name");
}

TEST_F(WalkTest, HearsThePlainAnswerOutBeforeItDoubtsIt) {
    listen("10.0.0.1");
    publish("10.0.0.1", 3s);
    world.plain_delay = 80ms;
    auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 3s + goal);
    EXPECT_EQ(pod.passage().connect_by_address, "");
    EXPECT_EQ(pod.passage().handshakes, 1);
}

TEST_F(WalkTest, HearsNoPlainAnswerOutBeyondTheWait) {
    listen("10.0.0.1");
    publish("10.0.0.1", 3s);
    world.plain_delay = 1h;
    auto& pod = start(request(5s));
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_EQ(pod.passage().connect_by_address, "it has not been looked up plainly");
}

TEST_F(WalkTest, SaysThatTheNameNeverAppeared) {
    auto& pod = start();
    go();
    ASSERT_FALSE(pod.passed());
    EXPECT_EQ(pod.failure().gate, Gate::name);
    EXPECT_EQ(pod.failure().cause, Cause::no_such_name);
    EXPECT_EQ(pod.failure().waited, 10min);
    EXPECT_EQ(pod.failure().asked, name);
    EXPECT_THAT(pod.failure().answered, HasSubstr("no such name, says auth"));
    // Every 66 ms for 5.5 s, each 100 ms until 12 s, then ever more slowly, up to one each 2.5 s.
    EXPECT_GT(pod.failure().so_far.questions, 83 + 65 + 22 + 200);
    EXPECT_LT(pod.failure().so_far.questions, 600);
}

TEST_F(WalkTest, SaysThatTheNameHasNoAddressOfTheFamily) {
    world.authority.names[name] = {"fd00::1"};
    auto& pod = start(request(30s));
    go();
    EXPECT_EQ(pod.failure().cause, Cause::no_address);
}

TEST_F(WalkTest, TakesTheOtherFamilyWhereEitherWillDo) {
    listen("fd00::1");
    publish("fd00::1", 2s);
    auto asked = request();
    asked.family = Family::any;
    auto& pod = start(asked);
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 2s + goal);
    EXPECT_EQ(pod.passage().connect_by_address, "");
}

TEST_F(WalkTest, PrefersIpv6WhereEitherWillDoAsTheBrokersLookUpDoes) {
    listen("fd00::1");
    listen("10.0.0.1");
    world.authority.names[name] = {"10.0.0.1", "fd00::1"};
    auto asked = request();
    asked.family = Family::any;
    const auto& first = start(asked);
    go();
    EXPECT_EQ(first.passage().address, "fd00::1");
    EXPECT_EQ(first.passage().connect_by_address, "");
    world.hosts.erase("fd00::1");
    const auto& second = start(asked);
    go();
    EXPECT_EQ(second.passage().address, "10.0.0.1");
    EXPECT_LE(*second.passed(), goal);
    EXPECT_EQ(second.passage().connect_by_address, "a look-up prefers fd00::1");
}

TEST_F(WalkTest, AsksForIpv4AloneWhereTheNameHasNothingElse) {
    world.hosts["10.0.0.1"] = {Port::refusing};
    world.authority.names[name] = {"10.0.0.1"};
    auto asked = request(10s);
    asked.family = Family::any;
    start(asked);
    go();
    const auto of_ipv6 = std::count_if(world.asked.begin(), world.asked.end(),
                                       [](const auto& each) { return each.type == Type::aaaa; });
    EXPECT_LE(of_ipv6, 2);
}

TEST_F(WalkTest, AsksForIpv6Only) {
    listen("fd00::1");
    world.authority.names[name] = {"10.0.0.9", "fd00::1"};
    auto asked = request();
    asked.family = Family::ipv6;
    auto& pod = start(asked);
    go();
    EXPECT_EQ(pod.passage().address, "fd00::1");
    for (const auto& question : world.asked) EXPECT_NE(question.type, Type::a);
}

TEST_F(WalkTest, GoesOnWhenAServerThatFailedRecovers) {
    for (const auto failure : {Reply::Outcome::server_failure, Reply::Outcome::refused}) {
        world.authority.failure = failure;
        world.authority.names[name] = {"10.0.0.1"};
        listen("10.0.0.1");
        world.let(7s, [this] { world.authority.failure.reset(); });
        const auto& pod = start();
        go();
        ASSERT_TRUE(pod.passed());
        EXPECT_LE(*pod.passed(), 7s + goal);
    }
}

TEST_F(WalkTest, SaysThatServersFailRefuseOrAreSilent) {
    world.authority.failure = Reply::Outcome::server_failure;
    const auto& failed = start(request(20s));
    go();
    EXPECT_EQ(failed.failure().cause, Cause::server_failure);
    world.authority.failure = Reply::Outcome::refused;
    const auto& refused = start(request(20s));
    go();
    EXPECT_EQ(refused.failure().cause, Cause::server_refused);
    world.authority.silent = true;
    const auto& silent = start(request(20s));
    go();
    EXPECT_EQ(silent.failure().cause, Cause::silent_servers);
    EXPECT_EQ(describe(silent.failure(), "rank 0").kind, Kind::no_name);
}

TEST_F(WalkTest, IsNotHeldUpByServersThatDenyUnknownTypes) {
    for (const bool soa : {false, true}) {
        world.authority = {};
        world.authority.soa = soa;
        world.authority.denies_unknown_types = true;
        world.caches.assign(1, Cache(world.clock, world.authority));
        listen("10.0.0.1");
        publish("10.0.0.1", 3s);
        const auto& pod = start();
        go();
        ASSERT_TRUE(pod.passed());
        // With an SOA a plain question would be kept: only slots are asked, one each 5 s.
        EXPECT_LE(*pod.passed(), 3s + (soa ? 20s : 0s) + 2 * goal);
    }
}

TEST_F(WalkTest, IsNotHeldUpByServersThatFailOnUnknownTypes) {
    for (const auto failure : {Reply::Outcome::server_failure, Reply::Outcome::refused}) {
        world.authority = {};
        world.authority.failure = failure;
        world.authority.fails = [](const Question& question) { return is_private(question.type); };
        world.caches.assign(1, Cache(world.clock, world.authority));
        listen("10.0.0.1");
        world.authority.names[name] = {"10.0.0.1"};
        const auto& pod = start();
        go();
        ASSERT_TRUE(pod.passed());
        EXPECT_LE(*pod.passed(), 2 * goal);
    }
}

TEST_F(WalkTest, FindsAnAddressThatOnlyOneOfTwoReplicasKnows) {
    Authority empty;
    world.caches.emplace_back(world.clock, empty);
    listen("10.0.0.1");
    world.authority.names[name] = {"10.0.0.1"};
    const auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 500ms);
}

TEST_F(WalkTest, WorksWithCachesThatDoNotTellCdApart) {
    world.caches.front().tells_cd_apart = false;
    listen("10.0.0.1");
    publish("10.0.0.1", 40s);
    const auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 40s + 2 * goal);
    EXPECT_EQ(pod.passage().connect_by_address, "");
}

TEST_F(WalkTest, ConnectsByAddressWhereTheFirstServerIsSilent) {
    world.first_server_silent = true;
    listen("10.0.0.1");
    world.authority.names[name] = {"10.0.0.1"};
    const auto& pod = start();
    go();
    EXPECT_EQ(pod.passage().connect_by_address, "the first name server does not answer");
}

TEST_F(WalkTest, ConnectsByAddressWhereTheNameHasSeveral) {
    listen("10.0.0.2");
    world.authority.names[name] = {"10.0.0.1", "10.0.0.2"};
    const auto& pod = start();
    go();
    EXPECT_EQ(pod.passage().address, "10.0.0.2");
    EXPECT_LE(*pod.passed(), goal) << "the first one is silent";
    EXPECT_EQ(pod.passage().connect_by_address, "a plain look-up still says 10.0.0.1, 10.0.0.2");
}

}  // namespace
}  // namespace muster::discovery::world
