// SPDX-License-Identifier: Apache-2.0
// The laws of decide(), for any MiniCluster and whatever happens around it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "world.hpp"

namespace muster::controller {
namespace {

std::string online(bool is_ready) {
    return fmt::format(R"({{"containerStatuses": [{{"name": "lab", "ready": {}}}]}})", is_ready);
}

std::string failed(int code) {
    return fmt::format(
        R"({{"phase": "Failed", "containerStatuses": [{{"name": "lab", "ready": false, )"
        R"("state": {{"terminated": {{"exitCode": {}, "message": "muster: it ended"}}}}}}]}})",
        code);
}

std::string ended(const char* type) {
    return fmt::format(R"([{{"type": "{}", "status": "True", "message": "so it is"}}])", type);
}

const std::string ended_of_itself =
    R"~({"phase": "Failed", "containerStatuses": [{"name": "lab", "state": {"terminated": )~"
    R"~({"exitCode": 69, "message": "muster: it ended (its own status, not muster's)"}}}]})~";

/// One thing that happens, chosen by `choice`, with a small number.
void happen(World& world, int choice, int number) {
    const auto text = std::to_string(number);
    switch (choice) {
        case 0:
            return void(world.reconcile());
        case 1:
            return void(world.reconcile(number));  // the controller dies in the middle
        case 2:
            return world.run_job_controller();
        case 3:
            return world.set_pod(number, online(true));
        case 4:
            return world.set_pod(number, failed(number == 0 ? 3 : 69));
        case 5:
            return world.set_job("status", "conditions", ended("Complete"));
        case 6:
            return world.set_job("status", "conditions", ended("Failed"));
        case 7:
            return world.set_job("spec", "suspend", number % 2 == 0 ? "true" : "false");
        case 8:
            return world.set_spec("size", text);  // 0 is refused
        case 9:
            return world.set_spec("maxSize", text);
        case 10:
            return world.set_spec("tasks", text);
        case 11:
            return world.set_spec("cleanup", number % 2 == 0 ? "true" : "false");
        case 12:
            return world.set_spec("deadlineSeconds", text);  // 0 is refused
        case 13:
            return world.remove({"Job", "lab"});
        case 14:
            return world.remove({"Service", World::service});
        case 15:
            return world.remove({"Secret", World::secret});
        case 16:
            return world.add_stranger(
                {number % 2 == 0 ? "Job" : "Service", number % 2 == 0 ? "lab" : World::service});
        case 17:
            return world.add_stranger({"Secret", World::secret});
        case 18:
            world.refuses_jobs = number % 2 == 0;
            return;
        case 19:
            return world.set_service(number % 2 == 0 ? R"({"selector": {"app": "theirs"}})"
                                                     : R"({"ports": []})");
        case 20:
            return world.set_service(R"({"publishNotReadyAddresses": null})");
        case 21:
            return world.set_services_pod(R"({"phase": "Failed", "reason": "Evicted"})");
        case 22:
            return world.add_of_predecessor({"Job", "lab"});
        case 23:
            return world.add_left_job();
        case 24:
            return world.set_pod(number, ended_of_itself);
        default:
            return world.set_spec("containers", number % 2 == 0 ? R"([{"image": "other"}])" : "7");
    }
}

constexpr int choices = 26;

/// A world in which much has happened.
World lived_in() {
    const auto size = *rc::gen::inRange(1, 5);
    World world(fmt::format(
        R"({{"size": {}, "maxSize": {}, "cleanup": {}, "containers": [{{"image": "app", "command": "x"}}]{}}})",
        size, *rc::gen::element(0, size, size + 2), *rc::gen::arbitrary<bool>(),
        *rc::gen::element("", R"(, "services": [{"image": "db", "command": "y"}])")));
    const auto events = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, choices), rc::gen::inRange(0, 6)));
    for (const auto& [choice, number] : events) happen(world, choice, number);
    return world;
}

RC_GTEST_PROP(DecideLaws, ItConvergesAndThenWritesNothing, ()) {
    auto world = lived_in();
    RC_ASSERT(world.settle());
    RC_ASSERT(world.reconcile() == 0);
    RC_ASSERT(world.broken() == "");
}

RC_GTEST_PROP(DecideLaws, TheSameIsDecidedOfTheSame, ()) {
    const auto world = lived_in();
    if (world.minicluster().is_null()) return;
    const auto first = world.next_actions();
    const auto second = world.next_actions();
    RC_ASSERT(first.size() == second.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        RC_ASSERT(first[i].verb == second[i].verb);
        RC_ASSERT(first[i].object == second[i].object);
    }
}

RC_GTEST_PROP(DecideLaws, WhatIsNotItsOwnStaysAsItIs, ()) {
    auto world = lived_in();
    const std::vector<World::Key> names{
        {"Job", "lab"}, {"Service", World::service}, {"Secret", World::secret}};
    std::vector<json::Value> theirs;
    for (const auto& name : names) {
        world.add_stranger(name);
        theirs.push_back(world.get(name));
    }
    RC_ASSERT(world.settle());
    if (world.minicluster().is_null()) return;  // cleaned up, with all that was its own
    for (std::size_t i = 0; i < names.size(); ++i)
        if (theirs[i].has("data")) RC_ASSERT(world.get(names[i]) == theirs[i]);
}

RC_GTEST_PROP(DecideLaws, WhereNothingStandsInTheWayItIsCreatedWhole, ()) {
    auto world = lived_in();
    world.refuses_jobs = false;
    world.set_spec("containers", R"([{"image": "app", "command": "x"}])");
    world.set_spec("size", "2");
    world.set_spec("maxSize", "0");
    world.set_spec("deadlineSeconds", "10");
    RC_ASSERT(world.settle());
    if (world.minicluster().is_null() || world.condition("Finished", "status") == "True") return;
    const auto why_not = world.condition("ObjectsCreated");
    if (why_not == "NameTaken" || why_not == "WaitsForName" || why_not == "WaitsForPods") return;
    RC_ASSERT(!world.job().is_null());
    const auto service = world.get({"Service", World::service}).get("spec");
    RC_ASSERT(service.get("selector").format() ==
              R"({"muster.flux-framework.org/instance":"0a1b2c3d"})");
    RC_ASSERT(service.get("ports").items().size() == 1U);
    RC_ASSERT(service.get("publishNotReadyAddresses").as_boolean() == true);
    if (world.minicluster().get("spec").has("services"))
        RC_ASSERT(!world.get({"Pod", World::services_pod}).is_null());
    RC_ASSERT(world.condition("ObjectsCreated", "status") == "True");
}

}  // namespace
}  // namespace muster::controller
