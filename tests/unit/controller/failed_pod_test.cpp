// SPDX-License-Identifier: Apache-2.0
// A pod that has failed ends the Job where what runs in it has failed of itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "world.hpp"

namespace muster::controller {
namespace {

constexpr const char* own_69 =
    "muster: the program ended with exit code 69 (its own status, not muster's)";

/// One whose leader's pod has failed so.
World failed(const std::string& status) {
    World world(R"({"size": 2, "backoffLimit": 7, "containers": [{"image": "app", "command": "x"}]})");
    EXPECT_TRUE(world.settle());
    world.run_job_controller();
    world.set_pod(0, status);
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.broken(), "");
    return world;
}

/// The status of a pod, with `more` of it, whose Flux ended with 69 and these words.
std::string with_words(const std::string& words, const std::string& more = "") {
    return fmt::format(R"({{"phase": "Failed", {}"containerStatuses": [{{"name": "lab", "state": )"
                       R"({{"terminated": {{"exitCode": 69, "message": "{}"}}}}}}]}})",
                       more, words);
}

std::int64_t limit_of(const World& world) {
    return world.job().get("spec").get("backoffLimit").as_integer().value_or(-1);
}

TEST(FailedPod, AProgramThatHasFailedIsNotRunAgainWhateverItEndedWith) {
    auto world = failed(with_words(own_69));
    EXPECT_EQ(limit_of(world), 0);
    EXPECT_EQ(world.condition("SpecApplied", "status"), "True");
    world.set_spec("backoffLimit", "9");
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(limit_of(world), 0);
}

TEST(FailedPod, WhatMusterEndsWithIsTriedAgain) {
    EXPECT_EQ(limit_of(failed(with_words("muster: rank 0 never answered"))), 7);
    EXPECT_EQ(limit_of(failed(with_words("(its own status, not muster's)"))), 7)
        << "muster did not say so";
}

TEST(FailedPod, WhatSomebodyHasStoppedIsTriedAgain) {
    EXPECT_EQ(limit_of(failed(with_words(own_69, R"("reason": "Evicted", )"))), 7);
    EXPECT_EQ(limit_of(failed(with_words(
                  own_69, R"("conditions": [{"type": "DisruptionTarget", "status": "True"}], )"))),
              7);
}

TEST(FailedPod, AContainerBesideFluxThatHasFailedIsTheCause) {
    auto world = failed(R"({"phase": "Failed", "containerStatuses": [
        {"name": "lab", "state": {"terminated": {"exitCode": 0}}},
        {"name": "side", "state": {"terminated": {"exitCode": 7, "reason": "Error"}}}]})");
    EXPECT_EQ(world.condition("BrokersOnline", "message"),
              "0 of 2 brokers are online; lab-0-u3: container side ended with exit code 7");
    world.set_job("status", "conditions", R"([{"type": "Failed", "status": "True"}])");
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.condition("Finished", "message"),
              "leader lab-0-u3: container side ended with exit code 7");
}

TEST(FailedPod, OneThatHasFailedBesideARunningFluxIsNoTroubleYet) {
    const auto world = failed(R"({"phase": "Running", "containerStatuses": [
        {"name": "lab", "ready": false, "state": {"running": {}}},
        {"name": "side", "state": {"terminated": {"exitCode": 7}}}]})");
    EXPECT_EQ(world.condition("BrokersOnline", "message"), "0 of 2 brokers are online");
    EXPECT_EQ(limit_of(world), 7);
}

}  // namespace
}  // namespace muster::controller
