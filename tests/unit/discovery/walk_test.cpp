// SPDX-License-Identifier: Apache-2.0
// The gates in a made-up cluster: a row for each way in which the parent is late or wrong.
#include "walk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.hpp"

namespace muster::discovery::world {
namespace {

using testing::HasSubstr;
using Port = Host::Port;
using What = CurveOutcome::What;

constexpr Duration goal = 150ms;  // from what changed to all gates passed

class WalkTest : public testing::Test {
  protected:
    void listen(const std::string& address, What curve = What::accepted) {
        world.hosts[address] = {Port::listening, curve};
    }
    /// The name is there `delay` from now, and leads to `address`.
    void publish(const std::string& address, Duration delay = 0s) {
        world.let(delay, [this, address] { world.authority.names[name] = {address}; });
    }
    Pod& start(ReachRequest asked = request()) {
        pods.push_back(std::make_unique<Pod>(world, asked, pods.size() + 1));
        pods.back()->tick();
        return *pods.back();
    }
    void go(Duration limit = 15min) {
        std::vector<Pod*> all;
        for (const auto& pod : pods) all.push_back(pod.get());
        run(world, all, limit);
    }
    World world;
    std::vector<std::unique_ptr<Pod>> pods;
};

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

// ---- the name

TEST_F(WalkTest, FindsALateNameSoonAndWithoutPoisoningIt) {
    listen("10.0.0.1");
    publish("10.0.0.1", 5s - 1ms);
    auto& pod = start();
    go();
    ASSERT_TRUE(pod.passed());
    EXPECT_LE(*pod.passed(), 5s + goal);
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
    // Every 66 ms for 5.5 s, then ever more slowly, up to one each 2.5 s.
    EXPECT_GT(pod.failure().so_far.questions, 83 + 44 + 220);
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

// ---- an old address

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

// ---- address and listener

TEST_F(WalkTest, JoinsSoonAfterThePortIsOpened) {
    for (const Duration moment : std::vector<Duration>{3ms, 50ms, 1s, 10s, 60s}) {
        world.hosts["10.0.0.1"] = {Port::refusing};
        world.authority.names[name] = {"10.0.0.1"};
        world.let(moment, [this] { listen("10.0.0.1"); });
        const auto& pod = start();
        go();
        ASSERT_TRUE(pod.passed());
        // At first the next dial is milliseconds away, and then up to a 16th of what was waited.
        const Duration longest = 25ms + std::min<Duration>(moment / 16, 3125ms);
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
    // 5 ms, doubling, up to a 20th of what was waited.
    const auto& dials = pod.dialler.dials;
    ASSERT_GT(dials.size(), 90u);
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

TEST_F(WalkTest, MayEndWhileItsQuestionsAreUnderWay) {
    world.dns_delay = 1s;
    start(request(100ms));
    go();
    ASSERT_TRUE(pods.front()->walk.has_ended());
    pods.front().reset(new Pod(world, request(100ms)));
    go();  // the answers come; nobody hears them
    SUCCEED();
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

// ---- CURVE

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

TEST_F(WalkTest, SaysWhatWasUnderWayWhenItsTimeWasOver) {
    world.authority.names[name] = {"10.0.0.1"};
    const auto& dialling = start(request(200ms));
    go();
    EXPECT_EQ(dialling.failure().cause, Cause::silent_address);
    listen("10.0.0.1", What::silent);
    const auto& shaking = start(request(200ms));
    go();
    EXPECT_EQ(shaking.failure().gate, Gate::curve);
    EXPECT_EQ(shaking.failure().cause, Cause::silent_listener);
    EXPECT_EQ(shaking.failure().asked, "10.0.0.1 port 8050");
}

TEST_F(WalkTest, KeepsWhatItHeardBeforeAHandshakeThatHadNoTime) {
    listen("10.0.0.1", What::no_curve);
    world.authority.names[name] = {"10.0.0.1"};
    const auto& pod = start(request(1s));
    world.let(500ms, [this] { world.hosts.at("10.0.0.1").curve = What::silent; });
    go();
    EXPECT_EQ(pod.failure().cause, Cause::no_broker);
}

// ---- what people are told

TEST_F(WalkTest, SaysWhatItWaitsForNowAndThen) {
    auto asked = request(250s);
    asked.say_waiting = true;
    start(asked);
    go();
    ASSERT_EQ(world.said.size(), 7u);
    EXPECT_EQ(world.said.at(0), "waiting for rank 0 (m-0) since 1.0 s: resolve " + name +
                                    ": no such name, says auth");
    for (const auto& [index, since] : std::map<std::size_t, std::string>{
             {1, "5.0 s"}, {2, "15 s"}, {3, "60 s"}, {4, "2 min"}, {5, "3 min"}, {6, "4 min"}})
        EXPECT_THAT(world.said.at(index), HasSubstr("since " + since + ":"));
}

TEST_F(WalkTest, KeepsTheAttemptsThatTell) {
    publish("10.0.0.1", 30s);
    world.hosts["10.0.0.1"] = {Port::refusing};
    const auto& pod = start(request(60s));
    go();
    const auto& attempts = pod.failure().so_far.attempts;
    const auto list = attempts.list();
    EXPECT_EQ(list.size(), 64u);
    EXPECT_EQ(attempts.left_out(), attempts.count() - 64);
    EXPECT_EQ(list.front().gate, Gate::name);
    EXPECT_FALSE(list.front().passed);
    EXPECT_THAT(list.front().asked, HasSubstr(name + " TYPE6"));
    EXPECT_EQ(list.front().answered, "no such name, says auth");
    bool is_ordered = true;
    for (std::size_t i = 1; i < list.size(); ++i)
        is_ordered =
            is_ordered && list[i - 1].begun + list[i - 1].took <= list[i].begun + list[i].took;
    EXPECT_TRUE(is_ordered);
}

TEST_F(WalkTest, EndsAtItsTimeWhateverGoesOn) {
    for (const Duration wait : std::vector<Duration>{0ms, 1ms, 100ms, 2100ms}) {
        listen("10.0.0.1", What::silent);
        world.authority.names[name] = {"10.0.0.1"};
        const auto& pod = start(request(wait));
        go();
        ASSERT_FALSE(pod.passed());
        EXPECT_EQ(pod.failure().waited, wait);
    }
}

// ---- many pods

class Crowd : public WalkTest, public testing::WithParamInterface<std::uint32_t> {};

TEST_P(Crowd, PassesSoonAfterTheNameAppearsAndAsksLittleOfTheAuthority) {
    const auto count = GetParam();
    listen("10.0.0.1");
    const Duration appears = 5s;
    publish("10.0.0.1", appears);
    auto asked = request();
    asked.size = count;
    for (std::uint32_t i = 0; i < count; ++i) start(asked);
    go(4s);
    const int before = world.authority.asked;
    EXPECT_LT(before, 4 * 32) << "questions at the authority in 4 s";
    go();
    std::vector<Duration> took;
    for (const auto& pod : pods) {
        ASSERT_TRUE(pod->passed());
        took.push_back(*pod->passed() - appears);
        EXPECT_EQ(pod->passage().connect_by_address, "");
    }
    std::sort(took.begin(), took.end());
    const Duration paced = std::max<Duration>(0s, std::chrono::microseconds(500) * count - 100ms);
    // An interval, and what a shared answer may be old.
    EXPECT_LE(took.back(), 100ms + 20ms + 10ms + paced);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Crowd, testing::Values(1, 16, 64, 256));

}  // namespace
}  // namespace muster::discovery::world
