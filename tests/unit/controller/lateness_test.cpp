// SPDX-License-Identifier: Apache-2.0
// What takes too long is told, without anybody's news of it; and when a program has begun.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/rfc3339.hpp"
#include "muster/controller/decide.hpp"
#include "world.hpp"

namespace muster::controller {
namespace {

constexpr const char* spec = R"({"size": 2, "containers": [{"image": "app", "command": "x"}]})";
constexpr const char* begin = R"("1970-01-02T00:00:00Z")";

const WallTime at_begin = parse_rfc3339("1970-01-02T00:00:00Z").value();

/// What is said of the brokers that are online, so long after the beginning, and when to look again.
std::pair<std::string, std::optional<Duration>> told(const World& world, Duration after) {
    const auto decision = decide(world.observe(), at_begin + after);
    std::optional<Duration> again;
    if (decision.look_again) again = *decision.look_again - at_begin;
    for (const auto& action : decision.actions)
        if (action.verb == Verb::patch_status)
            for (const auto& each : action.object.get("status").get("conditions").items())
                if (each.get("type").as_string() == "BrokersOnline")
                    return {each.get("message").as_string().value_or(""), again};
    return {world.condition("BrokersOnline", "message"), again};
}

using namespace std::chrono_literals;
using testing::Pair;

TEST(Lateness, PodsThatCannotBeMade) {
    World world(spec);
    EXPECT_TRUE(world.settle());
    EXPECT_THAT(told(world, 1h), Pair("0 of 2 brokers are online", std::nullopt)) << "not begun";
    world.set_job("status", "startTime", begin);
    EXPECT_THAT(told(world, 29s), Pair("0 of 2 brokers are online", 30s));
    EXPECT_THAT(told(world, 30s), Pair("0 of 2 brokers are online; 2 of 2 pods could not be made: "
                                       "kubectl describe job lab says why",
                                       std::nullopt));
    world.set_job("spec", "suspend", "true");
    EXPECT_THAT(told(world, 1h), Pair("0 of 2 brokers are online", std::nullopt));
}

TEST(Lateness, PodsThatDoNotStart) {
    World world(spec);
    EXPECT_TRUE(world.settle());
    world.run_job_controller();
    EXPECT_TRUE(world.settle());
    EXPECT_THAT(told(world, 1h), Pair("0 of 2 brokers are online", std::nullopt));
    for (const auto* pod : {"lab-0-u3", "lab-1-u3"})
        world.set_metadata({"Pod", pod}, "creationTimestamp", begin);
    EXPECT_THAT(told(world, 10s), Pair("0 of 2 brokers are online", 30s));
    EXPECT_THAT(told(world, 31s), Pair("0 of 2 brokers are online; lab-0-u3 has not started: "
                                       "kubectl describe pod lab-0-u3 says why",
                                       std::nullopt));
    world.set_pod(0, R"({"containerStatuses": [{"name": "lab", "ready": true}]})");
    world.set_pod(1, R"({"containerStatuses": [{"name": "lab", "ready": false, "state": {"running":
                         {"startedAt": "1970-01-02T00:01:00Z"}}}]})");
    EXPECT_THAT(told(world, 80s), Pair("1 of 2 brokers are online", 90s));
    EXPECT_THAT(told(world, 90s), Pair("1 of 2 brokers are online; lab-1-u3 is not online: kubectl "
                                       "logs lab-1-u3 says what it waits for",
                                       std::nullopt));
    world.set_pod(1, R"({"containerStatuses": [{"name": "lab", "ready": true}]})");
    EXPECT_THAT(told(world, 90s), Pair("2 of 2 brokers are online", std::nullopt));
}

TEST(Quorum, TheProgramRunsFromItOn) {
    World world(spec);
    EXPECT_TRUE(world.settle());
    world.run_job_controller();
    const std::string online = R"({"containerStatuses": [{"name": "lab", "ready": true}]})";
    world.set_pod(0, online);
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.phase(), "Starting");
    EXPECT_EQ(world.condition("Running", "message"), "the leader waits for its followers");
    world.set_pod(1, online);
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.phase(), "Running");
    world.set_pod(1, "{}");
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.phase(), "Running") << "it has begun";
    world.set_pod(0, "{}");
    EXPECT_TRUE(world.settle());
    world.set_pod(0, online);
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.phase(), "Starting") << "a new leader waits again";
    EXPECT_EQ(world.broken(), "");
}

TEST(Quorum, IsTheSmallestSizeThatIsEnough) {
    World world(R"({"size": 2, "minSize": 1, "containers": [{"image": "app", "command": "x"}]})");
    EXPECT_TRUE(world.settle());
    world.run_job_controller();
    world.set_pod(0, R"({"containerStatuses": [{"name": "lab", "ready": true}]})");
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.phase(), "Running");
}

}  // namespace
}  // namespace muster::controller
