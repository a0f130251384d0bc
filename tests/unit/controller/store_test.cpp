// SPDX-License-Identifier: Apache-2.0
#include "store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "slim.hpp"
#include "world.hpp"

namespace muster::controller {
namespace {

const Key lab{"home", "lab"};

json::Value object(const std::string& name, int version, const std::string& more = "",
                   const std::string& uid = "u1") {
    return parse(fmt::format(
        R"({{"metadata": {{"name": "{}", "namespace": "home", "uid": "{}", "resourceVersion": "{}", )"
        R"("labels": {{"app.kubernetes.io/name": "lab", "muster.flux-framework.org/instance": "0a1b2c3d"}}}}{}}})",
        name, uid, version, more));
}

json::Value minicluster(int version) {
    return object("lab", version, R"(, "spec": {"size": 1})", "0a1b2c3d-0000");
}

TEST(Store, GathersWhatBelongsToAMiniCluster) {
    Store store;
    EXPECT_FALSE(store.observe(lab));
    EXPECT_EQ(store.put("Pod", object("lab-0-x", 1)), lab) << "before its MiniCluster is known";
    EXPECT_FALSE(store.observe(lab));
    EXPECT_EQ(store.put("MiniCluster", minicluster(2)), lab);
    EXPECT_EQ(store.put("Job", object("lab", 3)), lab);
    const auto observed = store.observe(lab).value();
    EXPECT_EQ(observed.objects.size(), 1U);
    EXPECT_EQ(observed.pods.size(), 1U);
    EXPECT_EQ(observed.objects[0].get("kind"), json::Value::string("Job"));
    EXPECT_EQ(observed.objects[0].get("apiVersion"), json::Value::string("batch/v1"));
    EXPECT_EQ(store.count("Pod"), 1U);
}

TEST(Store, TellsTheControllersImageBesideWhatTheUserWrote) {
    Store store("here/muster:1");
    store.put("MiniCluster", object("lab", 1, R"(, "spec": {"size": 1})"));
    EXPECT_EQ(store.observe(lab)->image, "here/muster:1");
    EXPECT_FALSE(store.observe(lab)->minicluster.get("spec").has("muster"));
}

TEST(Store, PodsOfAnotherOfThatNameAreNotSeen) {
    Store store;
    store.put("MiniCluster", object("lab", 1, "", "ffffffff-0000"));
    store.put("Pod", object("lab-0-x", 2));
    EXPECT_TRUE(store.observe(lab)->pods.empty());
}

TEST(Store, WhatIsOlderOrTellsNothingNewIsNoNews) {
    Store store;
    const std::string one = R"(, "spec": {"parallelism": 1, "template": 1})";
    const std::string two = R"(, "spec": {"parallelism": 2, "template": 2})";
    EXPECT_TRUE(store.put("Job", object("lab", 5, one)));
    EXPECT_FALSE(store.put("Job", object("lab", 6, one)));
    EXPECT_TRUE(store.put("Job", object("lab", 8, two)));
    EXPECT_FALSE(store.put("Job", object("lab", 7, one))) << "a watch that lags";
    store.put("MiniCluster", minicluster(9));
    EXPECT_EQ(store.observe(lab)->objects[0].get("spec").get("parallelism").as_integer(), 2);
    EXPECT_TRUE(store.put("Job", object("lab", 3, one, "u2"))) << "another of that name";
}

TEST(Store, ForgetsWhatIsDeletedByItsNameAlone) {
    Store store;
    store.put("MiniCluster", minicluster(1));
    store.put("Pod", object("lab-0-x", 2));
    const auto name = parse(R"({"metadata": {"name": "lab-0-x", "namespace": "home"}})");
    EXPECT_EQ(store.erase("Pod", name), lab);
    EXPECT_FALSE(store.erase("Pod", name));
    EXPECT_TRUE(store.observe(lab)->pods.empty());
    EXPECT_EQ(store.erase("MiniCluster", minicluster(1)), lab);
    EXPECT_FALSE(store.observe(lab));
}

TEST(Store, KeepsWhatWasLookedUpUntilItIsForgotten) {
    Store store;
    store.put("MiniCluster", minicluster(1));
    store.put_found(lab, "Secret",
                    object("lab-curve", 2, R"(, "data": {"curve.cert": "c2VjcmV0"})"));
    EXPECT_TRUE(store.has_found(lab));
    const auto found = store.observe(lab)->objects.at(0);
    EXPECT_EQ(found.get("kind"), json::Value::string("Secret"));
    EXPECT_FALSE(found.has("data"));
    store.forget_found(lab);
    EXPECT_FALSE(store.has_found(lab));
    EXPECT_TRUE(store.observe(lab)->objects.empty());
}

TEST(Slim, AllThatIsDecidedByIsLeft) {
    // decide() comes to the same with less: it is asked with both.
    World world(R"({"size": 2, "containers": [{"image": "app", "command": "x"}]})");
    ASSERT_TRUE(world.settle());
    world.run_job_controller();
    world.set_pod(
        1,
        R"({"phase": "Failed", "podIP": "10.0.0.1", "containerStatuses": [{"name": "lab", "restartCount": 3,
        "state": {"terminated": {"exitCode": 69, "message": "muster: nobody"}}}]})");
    world.set_job("status", "conditions",
                  R"([{"type": "FailureTarget", "status": "True", "lastProbeTime": null}])");
    const auto job = slim("Job", world.job());
    EXPECT_FALSE(job.get("spec").has("template"));
    EXPECT_EQ(job.get("spec").get("completions").as_integer(), 2);
    Observed whole{
        .minicluster = world.minicluster(), .objects = {world.job()}, .pods = {}, .refusal = {}};
    Observed less{.minicluster = slim("MiniCluster", world.minicluster()),
                  .objects = {job},
                  .pods = {},
                  .refusal = {}};
    for (const auto* name : {"lab-0-u3", "lab-1-u3"}) {
        whole.pods.push_back(world.get({"Pod", name}));
        less.pods.push_back(slim("Pod", world.get({"Pod", name})));
        EXPECT_FALSE(less.pods.back().get("status").has("podIP"));
    }
    const auto now = WallTime(std::chrono::seconds(5));
    const auto expected = decide(whole, now).actions;
    const auto actions = decide(less, now).actions;
    ASSERT_EQ(actions.size(), expected.size());
    for (std::size_t i = 0; i < actions.size(); ++i)
        EXPECT_EQ(actions[i].object.format(1), expected[i].object.format(1));
    EXPECT_GT(actions.size(), 0U);
}

}  // namespace
}  // namespace muster::controller
