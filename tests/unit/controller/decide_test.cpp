// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/decide.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.hpp"

namespace muster::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

/// Of size 2, with these other fields.
std::string spec(const std::string& more = "") {
    return fmt::format(R"({{"size": 2, {}"containers": [{{"image": "app", "command": "x"}}]}})",
                       more);
}

const std::string online = R"({"containerStatuses": [{"name": "lab", "ready": true}]})";

std::string ended(const std::string& type, const std::string& reason = "",
                  const std::string& message = "") {
    return fmt::format(R"([{{"type": "{}", "status": "True", "reason": "{}", "message": "{}"}}])",
                       type, reason, message);
}

std::string failed(int code, const std::string& message) {
    return fmt::format(
        R"({{"phase": "Failed", "containerStatuses": [{{"name": "lab", "ready": false, "state": )"
        R"({{"terminated": {{"exitCode": {}, "reason": "Error", "message": "{}"}}}}}}]}})",
        code, message);
}

std::string waiting(const std::string& list, const std::string& reason,
                    const std::string& message = "") {
    return fmt::format(
        R"({{"{}": [{{"name": "lab", "ready": false, "image": "app", "state": {{"waiting": )"
        R"({{"reason": "{}", "message": "{}"}}}}}}]}})",
        list, reason, message);
}

/// A MiniCluster whose pods are there.
World started(const std::string& more = "") {
    World world(spec(more));
    EXPECT_TRUE(world.settle());
    world.run_job_controller();
    EXPECT_TRUE(world.settle());
    return world;
}

/// Writes nothing when asked again, and broke no law.
void expect_rest(World& world) {
    EXPECT_TRUE(world.settle());
    EXPECT_EQ(world.broken(), "");
}

json::Value job_spec(const World& world, const char* key) {
    return world.job().get("spec").get(key);
}

TEST(Decide, CreatesWhatTheJobNeedsBeforeTheJob) {
    const World world(spec());
    std::vector<std::string> kinds;
    for (const auto& action : world.next_actions())
        if (action.verb == Verb::create)
            kinds.push_back(action.object.get("kind").as_string().value_or(""));
    EXPECT_THAT(kinds, ElementsAre("Secret", "Service", "Job", "Event"));
}

TEST(Decide, CreatesNoSecretWhereTheUserNamesOne) {
    World world(spec(R"("muster": {"certificateSecret": "mine"}, )"));
    world.add_stranger({"Secret", World::secret});  // which the model asks for
    expect_rest(world);
    EXPECT_FALSE(world.job().is_null());
}

TEST(Decide, TheJobIsToldTheAddressOfTheLeadersService) {
    World world(spec(R"("flux": {"minimalService": true}, )"));
    EXPECT_GT(world.reconcile(), 0);
    EXPECT_TRUE(world.job().is_null());
    EXPECT_EQ(world.condition("ObjectsCreated"), "WaitsForAddress");
    EXPECT_EQ(world.phase(), "Starting");
    expect_rest(world);
    EXPECT_EQ(world.count("Service"), 2);
    EXPECT_THAT(world.job().format(),
                testing::HasSubstr(R"({"name":"MUSTER_LEADER_ADDRESS","value":"10.202.0.7"})"));
}

TEST(Decide, TellsHowFarItIs) {
    World world(spec());
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Starting");
    EXPECT_EQ(world.minicluster().get("status").get("online"), json::Value::string("0/2"));
    world.run_job_controller();
    world.set_pod(1, online);
    expect_rest(world);
    EXPECT_EQ(world.condition("BrokersOnline", "message"), "1 of 2 brokers are online");
    EXPECT_EQ(world.phase(), "Starting") << "it is the leader that counts";
    world.set_pod(0, online);
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Running");
    EXPECT_EQ(world.condition("BrokersOnline", "status"), "True");
    world.set_job("status", "conditions", ended("SuccessCriteriaMet"));
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Ending");
    world.set_job("status", "conditions", ended("Complete"));
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Succeeded");
    EXPECT_THAT(world.events(),
                ElementsAre("Created: Secret lab-0a1b2c3d-curve, Service lab-0a1b2c3d, Job lab",
                            "AllOnline: 2 of 2 brokers are online",
                            "Running: the leader is online",
                            "Succeeded: the program ended with exit code 0"));
}

TEST(Decide, AConditionKeepsItsTimeUntilItTurns) {
    auto world = started(R"("minSize": 1, )");
    const auto since = world.condition("Running", "lastTransitionTime");
    const auto online_since = world.condition("BrokersOnline", "lastTransitionTime");
    world.set_pod(0, online);
    expect_rest(world);
    EXPECT_NE(world.condition("Running", "lastTransitionTime"), since);
    EXPECT_EQ(world.condition("BrokersOnline", "lastTransitionTime"), online_since);
    EXPECT_THAT(since, testing::MatchesRegex("1970-01-12T13:46:[0-9][0-9]Z"));
}

TEST(Decide, LeavesOthersConditionsAlone) {
    World world(spec());
    world.set_status(R"({"conditions": [{"type": "Theirs", "status": "True"}], "jobid": "7"})");
    expect_rest(world);
    EXPECT_EQ(world.condition("Theirs", "status"), "True");
    EXPECT_EQ(world.minicluster().get("status").get("jobid"), json::Value::string("7"));
}

struct Failed {
    const char* name;
    std::vector<std::pair<int, std::string>> pods;  ///< index, status
    std::string job_reason, job_message;
    std::string cause;
};

TEST(Decide, NamesTheCauseOfAFailure) {
    const std::vector<Failed> rows{
        {"the leader's",
         {{0, failed(3, "muster: the program ended with exit code 3")},
          {1, failed(143, "muster: asked to stop")}},
         "PodFailurePolicy",
         "",
         "leader lab-0-u3: exit code 3: the program ended with exit code 3"},
        {"the one that the Job names",
         {{0, online}, {1, failed(78, "muster: no such\\nsecond line")}},
         "PodFailurePolicy",
         "Container lab for pod home/lab-1-u3 failed with exit code 78",
         "follower lab-1-u3: exit code 78: no such"},
        {"never what a program wrote",
         {{0, failed(3, "password=hunter2")}},
         "",
         "",
         "leader lab-0-u3: exit code 3"},
        {"nor the end of a log",
         {{0, failed(143, "muster: info: rehearsal: rank 0")}},
         "",
         "",
         "leader lab-0-u3: exit code 143 (SIGTERM)"},
        {"the Job's own",
         {},
         "BackoffLimitExceeded",
         "Job has reached the specified backoff limit",
         "Job has reached the specified backoff limit"},
        {"the deadline",
         {{0, failed(143, "muster: stopped")}},
         "DeadlineExceeded",
         "",
         "it has lasted longer than spec.deadlineSeconds, 31500000"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto world = started();
        for (const auto& [index, status] : row.pods) world.set_pod(index, status);
        world.set_job("status", "conditions", ended("Failed", row.job_reason, row.job_message));
        expect_rest(world);
        EXPECT_EQ(world.phase(), "Failed");
        EXPECT_EQ(world.condition("Finished"), "Failed");
        EXPECT_EQ(world.condition("Finished", "message"), row.cause);
        EXPECT_THAT(world.events(), Contains("Failed: " + row.cause));
    }
}

TEST(Decide, TellsWhatKeepsAPodFromRunning) {
    const std::vector<std::pair<std::string, std::string>> rows{
        {waiting("containerStatuses", "ErrImagePull", "no such host"),
         "the image app cannot be pulled"},
        {waiting("initContainerStatuses", "ImagePullBackOff", "Back-off"),
         "the image app cannot be pulled"},
        {waiting("containerStatuses", "InvalidImageName"), "app is no name of an image"},
        {waiting("containerStatuses", "ErrImageNeverPull"), "the image app is not on its node"},
        {waiting("containerStatuses", "CreateContainerConfigError", "secret \\\"x\\\" not found"),
         "container lab cannot be started: secret \"x\" not found"},
        {R"({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available"}]})",
         "no node takes it: 0/2 nodes are available"},
        {R"({"initContainerStatuses": [{"name": "muster-install", "state": {"terminated": {"exitCode": 73, "message": "muster: no room"}}}]})",
         "init container muster-install ended with exit code 73: no room"},
        {failed(69, "muster: nothing listens"), "exit code 69: nothing listens"},
        {failed(65, "muster: the key is short (exit code 65)"), "exit code 65: the key is short"},
        {failed(137, ""), "exit code 137 (SIGKILL)"},
        {R"({"phase": "Failed", "containerStatuses": [{"name": "lab", "state": {"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: not found"}}}]})",
         "exit code 128 (StartError): exec: not found"},
        {R"({"phase": "Failed", "reason": "Evicted", "message": "Usage of EmptyDir volume \"e\" exceeds the limit \"5Mi\". ", "containerStatuses": [{"name": "lab", "state": {"terminated": {"exitCode": 143}}}]})",
         "evicted: Usage of EmptyDir volume \"e\" exceeds the limit \"5Mi\"."},
        {R"({"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}]})",
         "stopped by the cluster (EvictionByEvictionAPI): Eviction API: evicting"},
        {R"({"containerStatuses": [{"name": "lab", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]})",
         "container lab ends again and again, with exit code 137 (out of memory)"},
    };
    for (const auto& [status, trouble] : rows) {
        SCOPED_TRACE(trouble);
        auto world = started();
        world.set_pod(1, status);
        expect_rest(world);
        EXPECT_EQ(world.condition("BrokersOnline", "message"),
                  "0 of 2 brokers are online; lab-1-u3: " + trouble);
        EXPECT_THAT(world.events(), Contains(StartsWith("Trouble: ")));
    }
    auto world = started();
    world.set_pod(1, waiting("containerStatuses", "ContainerCreating"));
    expect_rest(world);
    EXPECT_EQ(world.condition("BrokersOnline", "message"), "0 of 2 brokers are online");
}

/// One whose leader has ended so, beside a container `web` in this state.
World beside(const std::string& end, const std::string& web, const std::string& phase = "Running") {
    auto world = started();
    world.set_pod(0, fmt::format(
                         R"({{"phase": "{}", "containerStatuses": [{{"name": "lab", "ready": false, )"
                         R"("state": {{"terminated": {}}}}}, {{"name": "web", "state": {}}}]}})",
                         phase, end, web));
    expect_rest(world);
    return world;
}

TEST(Decide, TellsWhichContainerKeepsAPodInWhichFluxHasEnded) {
    const auto message = [](const std::string& end, const std::string& web) {
        const auto world = beside(end, web);
        EXPECT_EQ(world.phase(), "Ending");
        return world.condition("Running", "message");
    };
    const std::string running = R"({"running": {}})";
    EXPECT_EQ(message(R"({"exitCode": 0})", running),
              "leader lab-0-u3 has ended with exit code 0; its pod waits for container web to end, "
              "too");
    EXPECT_EQ(message(R"({"exitCode": 3, "message": "muster: it failed"})", running),
              "leader lab-0-u3 has ended with exit code 3: it failed; its pod waits for container "
              "web to end, too");
    EXPECT_THAT(message(R"({"exitCode": 0})", R"({"waiting": {"reason": "CrashLoopBackOff"}})"),
                testing::EndsWith("its pod waits for container web to end, too"));
}

TEST(Decide, NothingKeepsAPodThatEndsOrBeginsAgain) {
    const std::string running = R"({"running": {}})";
    EXPECT_EQ(beside(R"({"exitCode": 0})", R"({"terminated": {"exitCode": 0}})").phase(),
              "Starting");
    EXPECT_EQ(beside(R"({"exitCode": 137})", running, "Failed").phase(), "Starting") << "evicted";
    World world(spec(R"("pod": {"restartPolicy": "OnFailure"}, )"));
    EXPECT_TRUE(world.settle());
    world.run_job_controller();
    world.set_pod(0, R"({"phase": "Running", "containerStatuses": [{"name": "lab", "state": )"
                     R"({"terminated": {"exitCode": 3}}}, {"name": "web", "state": {"running": {}}}]})");
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Starting");
}

TEST(Decide, WhatBecomesOfANativeSidecarAfterFluxIsNoTrouble) {
    const auto pod = [](int code, const char* phase) {
        return fmt::format(
            R"({{"phase": "{}", "initContainerStatuses": [{{"name": "web", "state": )"
            R"({{"terminated": {{"exitCode": 137, "reason": "Error"}}}}}}], "containerStatuses": )"
            R"([{{"name": "lab", "ready": false, "state": {{"terminated": {{"exitCode": {}}}}}}}]}})",
            phase, code);
    };
    auto world = started();
    world.set_pod(0, pod(0, "Running"));
    expect_rest(world);
    EXPECT_EQ(world.condition("BrokersOnline", "message"), "0 of 2 brokers are online");
    world.set_pod(0, pod(3, "Failed"));
    world.set_job("status", "conditions", ended("Failed", "PodFailurePolicy"));
    expect_rest(world);
    EXPECT_EQ(world.condition("Finished", "message"), "leader lab-0-u3: exit code 3");
}

TEST(Decide, PodsThatAreStoppedAtTheEndAreNoTrouble) {
    for (const auto* condition : {"SuccessCriteriaMet", "FailureTarget"}) {
        auto world = started();
        world.set_pod(1, failed(143, "muster: asked to stop"));
        world.set_job("status", "conditions", ended(condition));
        expect_rest(world);
        EXPECT_EQ(world.condition("BrokersOnline"), "Ended");
        EXPECT_THAT(world.events(), testing::Not(Contains(StartsWith("Trouble: "))));
    }
}

TEST(Decide, FollowsTheSizeAsFarAsRanksAreConfigured) {
    auto world = started(R"("maxSize": 4, )");
    world.set_spec("size", "4");
    expect_rest(world);
    EXPECT_EQ(job_spec(world, "parallelism").as_integer(), 4);
    EXPECT_EQ(job_spec(world, "completions").as_integer(), 4);
    EXPECT_THAT(world.events(), Contains("Resized: from 2 to 4 pods"));
    world.set_spec("size", "1");
    expect_rest(world);
    EXPECT_EQ(job_spec(world, "completions").as_integer(), 1);
    EXPECT_EQ(world.condition("SpecApplied", "status"), "True");
    world.set_spec("maxSize", "8");
    world.set_spec("size", "5");
    expect_rest(world);
    EXPECT_EQ(job_spec(world, "completions").as_integer(), 1);
    EXPECT_EQ(world.condition("SpecApplied"), "SizeRefused");
    EXPECT_THAT(world.condition("SpecApplied", "message"),
                StartsWith("spec.size: 5 is more than the 4 ranks"));
    EXPECT_EQ(world.minicluster().get("status").get("maximumSize").as_integer(), 4);
}

TEST(Decide, AMiniClusterWithoutRoomShrinksAndGrowsBack) {
    auto world = started();
    world.set_spec("size", "1");
    expect_rest(world);
    EXPECT_EQ(job_spec(world, "completions").as_integer(), 1);
    EXPECT_EQ(world.condition("SpecApplied", "status"), "True");
    world.set_spec("size", "2");
    expect_rest(world);
    EXPECT_EQ(job_spec(world, "completions").as_integer(), 2);
}

TEST(Decide, TellsThatALeaderWouldWaitForMoreThanThereAre) {
    auto world = started();
    world.set_spec("size", "1");
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied", "status"), "True");
    EXPECT_THAT(world.condition("SpecApplied", "message"),
                StartsWith("spec.size: 1 is less than the 2 brokers that a leader waits for"));
    EXPECT_THAT(world.events(), Contains(StartsWith("BelowQuorum: ")));
    world.set_spec("size", "2");
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied"), "Applied");

    auto enough = started(R"("minSize": 1, )");
    enough.set_spec("size", "1");
    expect_rest(enough);
    EXPECT_EQ(enough.condition("SpecApplied"), "Applied");
}

TEST(Decide, FollowsWhatAJobCanFollow) {
    auto world = started();
    world.set_spec("deadlineSeconds", "60");
    world.set_spec("backoffLimit", "3");
    expect_rest(world);
    EXPECT_EQ(job_spec(world, "activeDeadlineSeconds").as_integer(), 60);
    EXPECT_EQ(job_spec(world, "backoffLimit").as_integer(), 3);
    EXPECT_EQ(world.condition("SpecApplied", "status"), "True");
}

TEST(Decide, TellsWhatHoldsFromTheNextStartOnly) {
    auto world = started();
    world.set_spec("tasks", "8");
    world.set_spec("flux", R"({"topology": "kary:2"})");
    world.set_spec("maxSize", "9");
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied"), "ChangedAfterStart");
    EXPECT_THAT(world.condition("SpecApplied", "message"),
                StartsWith("spec.flux, spec.tasks, spec.maxSize changed after the start"));
    world.remove({"Job", "lab"});  // the next start
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied", "status"), "True");
    EXPECT_EQ(world.minicluster().get("status").get("maximumSize").as_integer(), 9);
}

TEST(Decide, ASecondJobWaitsForThePodsOfTheFirst) {
    auto world = started();
    world.forget_owner({"Job", "lab"});
    expect_rest(world);
    EXPECT_TRUE(world.job().is_null());
    EXPECT_EQ(world.condition("ObjectsCreated"), "WaitsForPods");
    world.remove_pods();
    expect_rest(world);
    EXPECT_FALSE(world.job().is_null());
}

TEST(Decide, AJobThatTheFluxOperatorLeftIsLabelledAndElseLeftAsItIs) {
    World world(spec());
    world.add_left_job();
    const auto before = world.job().get("spec");
    expect_rest(world);
    EXPECT_EQ(world.job().get("spec"), before);
    EXPECT_EQ(world.job().get("metadata").get("labels").format(),
              R"({"app.kubernetes.io/name":"lab","app.kubernetes.io/managed-by":"muster",)"
              R"("muster.flux-framework.org/instance":"0a1b2c3d"})");
    EXPECT_EQ(world.condition("SpecApplied", "message"),
              "Job lab was made by another controller, and goes on as it is: delete the Job, and "
              "it is started anew with what the spec says");
    EXPECT_THAT(world.events(), Contains(StartsWith("MadeByAnother: ")));
    world.set_job("status", "conditions", ended("Complete"));
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Succeeded");
}

TEST(Decide, AJobThatGoesOnIsNotCleanedUp) {
    auto world = started(R"("cleanup": true, )");
    world.set_job("status", "conditions", ended("Complete"));
    EXPECT_EQ(world.reconcile(1), 1) << "the status is told, and the controller dies";
    world.remove({"Job", "lab"});
    world.add_left_job();
    expect_rest(world);
    EXPECT_FALSE(world.minicluster().is_null());
    EXPECT_EQ(world.condition("Finished", "status"), "False");
}

TEST(Decide, AServiceThatHasLostItsLabelsGetsThemBack) {
    auto world = started();
    auto service = parse(world.get({"Service", World::service}).format());
    const auto labels = service.get("metadata").get("labels");
    world.set_labels({"Service", World::service}, R"({"theirs": "too"})");
    expect_rest(world);
    const auto now = world.get({"Service", World::service}).get("metadata").get("labels");
    for (const auto& [name, value] : labels.members()) EXPECT_EQ(now.get(name), value);
    EXPECT_TRUE(now.has("theirs"));
}

TEST(Decide, NeverTouchesASuspension) {
    auto world = started();
    world.set_job("spec", "suspend", "true");
    world.set_spec("size", "1");
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Suspended");
    EXPECT_EQ(job_spec(world, "suspend").as_boolean(), true);
    world.set_job("spec", "suspend", "false");
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Starting");
    EXPECT_EQ(job_spec(world, "suspend").as_boolean(), false);
}

TEST(Decide, RefusesANameThatIsTaken) {
    World world(spec());
    world.add_stranger({"Service", World::service});
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Refused");
    EXPECT_EQ(world.condition("ObjectsCreated", "message"),
              "Service lab-0a1b2c3d is there already, and is not this MiniCluster's: remove it, or "
              "choose another name");
    EXPECT_TRUE(world.job().is_null());
    world.remove({"Service", World::service});
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Starting");
}

TEST(Decide, TellsWhatTheApiServerRefuses) {
    World world(spec());
    world.refuses_jobs = true;
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Refused");
    EXPECT_EQ(world.condition("ObjectsCreated", "message"), "the webhook says no");
    EXPECT_THAT(world.events(), Contains("Refused: the webhook says no"));
    world.refuses_jobs = false;
    expect_rest(world);
    EXPECT_EQ(world.condition("ObjectsCreated", "status"), "True");
}

TEST(Decide, AWrongSpecIsToldAndWhatRunsGoesOn) {
    World world(R"({"containers": []})");
    expect_rest(world);
    EXPECT_EQ(world.phase(), "Refused");
    EXPECT_EQ(world.condition("ObjectsCreated", "message"),
              "spec.containers: one is needed, in which Flux runs");

    auto running = started(R"("minSize": 1, )");
    running.set_pod(0, online);
    expect_rest(running);
    running.set_spec("tasks", R"("many")");
    expect_rest(running);
    EXPECT_EQ(running.phase(), "Running");
    EXPECT_EQ(running.condition("SpecApplied", "message"),
              "spec.tasks: this must be a whole number");
}

TEST(Decide, AServiceThatSomebodyHasChangedIsSetRight) {
    auto world = started();
    const auto before = world.get({"Service", World::service}).get("spec");
    for (const auto* change :
         {R"({"selector": {"app": "theirs"}})", R"({"ports": [{"name": "flux", "port": 80}]})",
          R"({"publishNotReadyAddresses": false})"}) {
        world.set_service(change);
        expect_rest(world);
        EXPECT_EQ(world.get({"Service", World::service}).get("spec"), before) << change;
    }
    world.set_service(R"({"sessionAffinity": "ClientIP"})");
    EXPECT_THAT(world.next_actions(), IsEmpty()) << "that is nothing to us";
}

TEST(Decide, AnEvictedPodOfServicesIsReplaced) {
    auto world = started(R"("services": [{"image": "db", "command": "y"}], )");
    const World::Key name{"Pod", World::services_pod};
    const auto first = world.get(name).get("metadata").get("uid");
    world.set_services_pod(R"({"phase": "Failed", "reason": "Evicted"})");
    expect_rest(world);
    EXPECT_NE(world.get(name).get("metadata").get("uid"), first);
    EXPECT_TRUE(world.get(name).get("status").is_null());
}

TEST(Decide, WhatHasEndedIsNotRunAgain) {
    auto world = started();
    world.set_job("status", "conditions", ended("Complete"));
    expect_rest(world);
    world.remove({"Job", "lab"});
    expect_rest(world);
    EXPECT_TRUE(world.job().is_null());
    EXPECT_EQ(world.phase(), "Succeeded");
}

TEST(Decide, CleansUpAfterItHasTold) {
    auto world = started(R"("cleanup": true, )");
    expect_rest(world);
    EXPECT_FALSE(world.minicluster().is_null());
    world.set_job("status", "conditions", ended("Failed", "BackoffLimitExceeded", "no more"));
    EXPECT_GT(world.reconcile(), 0);
    EXPECT_EQ(world.broken(), "") << "people can see why before it goes";
    EXPECT_THAT(world.events(), Contains("Failed: no more"));
    // In one pass: its own status is no news to the controller.
    EXPECT_EQ(world.count("MiniCluster") + world.count("Job") + world.count("Pod") +
                  world.count("Secret"),
              0);
}

TEST(Decide, DoesNothingForWhatIsBeingDeleted) {
    auto world = started();
    world.mark_deleted();
    world.remove({"Service", World::service});
    EXPECT_THAT(world.next_actions(), IsEmpty());
}

TEST(Decide, ASpecThatIsChangedAfterTheEndIsNotInForce) {
    auto world = started();
    world.set_job("status", "conditions", ended("Complete"));
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied"), "Applied");
    world.set_spec("size", "1");
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied"), "Ended");
    world.set_spec("size", "2");
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied"), "Applied");
    world.set_spec("tasks", "3");
    expect_rest(world);
    EXPECT_EQ(world.condition("SpecApplied"), "Ended");
}

TEST(Decide, AnInstanceWithoutAProgramSaysSo) {
    for (const bool is_meant : {false, true}) {
        World world(fmt::format(
            R"({{"size": 1, "interactive": {}, "containers": [{{"image": "app"}}]}})", is_meant));
        EXPECT_TRUE(world.settle());
        world.run_job_controller();
        world.set_pod(0, online);
        expect_rest(world);
        EXPECT_EQ(world.condition("Running", "message").find("no command was given") !=
                      std::string::npos,
                  !is_meant);
    }
}

TEST(Decide, ASecretThatIsLostIsNotReplacedUnderItsBrokers) {
    auto world = started();
    world.remove({"Secret", World::secret});
    world.remove({"Service", World::service});
    expect_rest(world);
    EXPECT_EQ(world.count("Secret"), 0);
    EXPECT_EQ(world.count("Service"), 1);
    world.remove({"Job", "lab"});
    world.remove_pods();
    expect_rest(world);
    EXPECT_EQ(world.count("Secret"), 1);
    EXPECT_FALSE(world.job().is_null());
}

}  // namespace
}  // namespace muster::controller
