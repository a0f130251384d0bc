// SPDX-License-Identifier: Apache-2.0
// The gates in a made-up cluster: what people are told, how it ends, and what many pods ask
// together.
#include "walk_fixture.hpp"

namespace muster::discovery::world {
namespace {

TEST_F(WalkTest, MayEndWhileItsQuestionsAreUnderWay) {
    world.dns_delay = 1s;
    start(request(100ms));
    go();
    ASSERT_TRUE(pods.front()->walk.has_ended());
    pods.front().reset(new Pod(world, request(100ms)));
    go();  // the answers come; nobody hears them
    SUCCEED();
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

class Crowd : public WalkTest, public testing::WithParamInterface<std::uint32_t> {};

TEST_P(Crowd, PassesSoonAfterTheNameAppearsAndAsksLittleOfTheAuthority) {
    const auto count = GetParam();
    listen("10.0.0.1");
    const Duration appears = 8s;
    publish("10.0.0.1", appears);
    auto asked = request();
    asked.size = count;
    for (std::uint32_t i = 0; i < count; ++i) start(asked);
    go(6s);
    const int before = world.authority.asked;
    EXPECT_LT(before, 6 * 32) << "questions at the authority in 6 s";
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
