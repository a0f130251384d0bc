// SPDX-License-Identifier: Apache-2.0
// One MiniCluster after another of the same name.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/controller/decide.hpp"
#include "world.hpp"

namespace muster::controller {
namespace {

using testing::ElementsAre;

constexpr const char* spec = R"({"size": 2, "containers": [{"image": "app", "command": "x"}]})";

json::Value metadata_of(const json::Value& object, const char* key) {
    return object.get("metadata").get(key);
}

TEST(Predecessor, ItsJobIsWaitedForWithoutAWarning) {
    World world(spec);
    world.add_of_predecessor({"Job", "lab"});
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.broken(), "");
    EXPECT_EQ(world.condition("ObjectsCreated"), "WaitsForName");
    EXPECT_EQ(world.condition("ObjectsCreated", "message"),
              "Job lab waits until the one of the MiniCluster before it is gone");
    EXPECT_EQ(world.phase(), "Starting");
    EXPECT_EQ(world.count("Service"), 1) << "what has a name of its own need not wait";
    world.remove({"Job", "lab"});
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.condition("ObjectsCreated"), "Created");
    EXPECT_THAT(world.events(),
                ElementsAre("Created: Secret lab-0a1b2c3d-curve, Service lab-0a1b2c3d",
                            "Created: Job lab"));
}

TEST(Predecessor, AJobOfAnotherKindOfOwnerIsInTheWay) {
    World world(spec);
    world.add_stranger({"Job", "lab"});
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.condition("ObjectsCreated"), "NameTaken");
}

TEST(TakeAlong, TheJobAsItWasSeenGoesWithItsMiniCluster) {
    World world(spec);
    EXPECT_TRUE(world.settle());
    const auto actions = take_along(world.observe());
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(actions[0].verb, Verb::remove);
    const auto& object = actions[0].object;
    EXPECT_EQ(object.get("kind").as_string(), "Job");
    for (const auto* key : {"name", "uid", "resourceVersion"}) {
        EXPECT_NE(metadata_of(object, key).as_string(), "") << key;
        EXPECT_EQ(metadata_of(object, key).as_string(), metadata_of(world.job(), key).as_string());
    }
}

TEST(TakeAlong, NobodyElsesJobGoes) {
    World stranger(spec);
    stranger.add_stranger({"Job", "lab"});
    EXPECT_TRUE(take_along(stranger.observe()).empty());
    World before(spec);
    before.add_of_predecessor({"Job", "lab"});
    EXPECT_TRUE(take_along(before.observe()).empty());
    EXPECT_TRUE(take_along(World(spec).observe()).empty()) << "there is none";
}

}  // namespace
}  // namespace muster::controller
