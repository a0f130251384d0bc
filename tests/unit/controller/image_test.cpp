// SPDX-License-Identifier: Apache-2.0
// The image that muster is installed from where a MiniCluster names none: the controller's, and of
// the next controller's another.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "muster/controller/decide.hpp"
#include "world.hpp"

namespace muster::controller {
namespace {

std::string spec(const std::string& muster) {
    return fmt::format(R"({{"size": 2, {}"containers": [{{"image": "app", "command": "x"}}]}})",
                       muster);
}

/// What the pods' init container that installs muster is of.
std::string installed(const World& world) {
    const auto pod = world.job().get("spec").get("template").get("spec");
    for (const auto& each : pod.get("initContainers").items())
        if (each.get("name").as_string() == "muster-install")
            return each.get("image").as_string().value_or("");
    return "none";
}

TEST(Image, IsTheControllersWhereNoneIsNamed) {
    for (const auto& [controllers, muster, expected] :
         {std::tuple{"", "", "muster"}, std::tuple{"here/muster:1", "", "here/muster:1"},
          std::tuple{"here/muster:1", R"("muster": {"flux": "none"}, )", "here/muster:1"},
          std::tuple{"here/muster:1", R"("muster": {"image": "mine:2"}, )", "mine:2"}}) {
        World world(spec(muster));
        world.image = controllers;
        EXPECT_TRUE(world.settle());
        EXPECT_EQ(installed(world), expected) << controllers << muster;
    }
}

TEST(Image, OfTheNextControllerChangesNothingInWhatRuns) {
    World world(spec(""));
    world.image = "here/muster:1";
    EXPECT_TRUE(world.settle());
    world.image = "here/muster:2";
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.condition("SpecApplied"), "Applied");
    EXPECT_EQ(installed(world), "here/muster:1");
    world.set_spec("muster", R"({"image": "mine:2"})");
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.condition("SpecApplied"), "ChangedAfterStart");
    EXPECT_EQ(world.broken(), "");
}

}  // namespace
}  // namespace muster::controller
