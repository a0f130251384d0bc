// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <fmt/format.h>

#include "slim.hpp"

namespace muster::controller {
namespace {

using json::Value;

const std::string our_uid = "0a1b2c3d-1111-2222-3333-444455556666";

std::string text(const Value& value) {
    return value.as_string().value_or("");
}

World::Key key_of(const Value& object) {
    return {text(object.get("kind")), text(object.get("metadata").get("name"))};
}

Value template_of(const Value& job) {
    return job.get("spec").get("template").get("spec");
}

/// Values are shared; what is kept must not be.
Value copy(const Value& value) {
    return parse(value.format());
}

/// RFC 7386.
Value merged(const Value& target, const Value& patch) {
    if (!patch.is_object()) return patch;
    auto made = Value::object();
    for (const auto& [key, value] : target.members())
        if (!patch.has(key)) made.set(key, value);
    for (const auto& [key, value] : patch.members())
        if (!value.is_null()) made.set(key, merged(target.get(key), value));
    return made;
}

}  // namespace

const std::string World::service = "lab-0a1b2c3d";
const std::string World::secret = "lab-0a1b2c3d-curve";
const std::string World::services_pod = "lab-0a1b2c3d-services";

Value parse(const std::string& text) {
    return Value::parse(text).value();
}

World::World(const std::string& spec) {
    auto object = parse(fmt::format(
        R"({{"apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster", "metadata": )"
        R"({{"name": "lab", "namespace": "home", "uid": "{}", "generation": 1}}, "spec": {}}})",
        our_uid, spec));
    put({"MiniCluster", "lab"}, std::move(object));
}

void World::put(const Key& key, Value object) {
    auto metadata = object.get("metadata");
    if (!metadata.has("uid")) metadata.set("uid", Value::string(fmt::format("u{}", ++last_uid_)));
    metadata.set("resourceVersion", Value::string(std::to_string(++version_)));
    objects_[key] = std::move(object);
}

Value World::get(const Key& key) const {
    const auto found = objects_.find(key);
    return found == objects_.end() ? Value() : found->second;
}

Observed World::observe(const std::string& refusal) const {
    Observed observed{.minicluster = minicluster(), .objects = {}, .pods = {}, .refusal = refusal, .image = image};
    for (const auto& name : wanted_names(observed.minicluster))
        if (const auto object = get({name.kind, name.name}); !object.is_null())
            observed.objects.push_back(slim(name.kind, object));
    // A Job is found by its owner even where the spec is refused.
    if (observed.objects.empty() && is_owned_by(job(), our_uid))
        observed.objects.push_back(slim("Job", job()));
    for (const auto& [key, object] : objects_)
        if (key.first == "Pod") observed.pods.push_back(slim("Pod", object));
    return observed;
}

std::vector<Action> World::next_actions() const {
    return decide(observe(""), WallTime(std::chrono::seconds(1'000'000 + seconds_))).actions;
}

int World::reconcile(int most) {
    ++seconds_;
    int writes = 0;
    std::string refusal;
    for (int pass = 0; pass < 2; ++pass) {
        if (minicluster().is_null()) return writes;
        const WallTime now(std::chrono::seconds(1'000'000 + seconds_));
        const auto actions = decide(observe(refusal), now).actions;
        refusal.clear();
        for (const auto& action : actions) {
            if (most-- <= 0) return writes;
            if (const auto against = apply(action)) {
                refusal = *against;
                break;
            }
            ++writes;
        }
        if (refusal.empty()) break;
    }
    return writes;
}

bool World::settle() {
    for (int round = 0; round < 10; ++round)
        if (reconcile() == 0) return true;
    return false;
}

std::optional<std::string> World::apply(const Action& action) {
    switch (action.verb) {
        case Verb::create:
            return create(copy(action.object));
        case Verb::patch:
        case Verb::patch_status:
            return patch(action);
        case Verb::remove:
            break;
    }
    return take_away(action.object);
}

std::optional<std::string> World::create(const Value& object) {
    const auto key = key_of(object);
    if (key.first == "Event") {
        events_.push_back(text(object.get("reason")) + ": " + text(object.get("message")));
        return {};
    }
    if (!is_owned_by(object, our_uid)) break_law(key.first + " without an owner");
    if (key.first == "Job") {
        if (get({"Service", service}).is_null()) break_law("a Job before its Service");
        if (get({"Secret", secret}).is_null()) break_law("a Job before its Secret");
        if (refuses_jobs) return "the webhook says no";
    }
    if (objects_.contains(key)) return key.first + " exists already";
    if (key.first == "Secret" && ++secrets_made_ > 1 && is_owned_by(job(), our_uid))
        break_law("a second certificate beside the first one's Job");
    if (key.first == "Service" && !object.get("spec").has("clusterIP"))
        object.get("spec").set("clusterIP", Value::string("10.202.0.7"));
    put(key, object);
    return {};
}

std::optional<std::string> World::patch(const Action& action) {
    const auto key = key_of(action.object);
    const auto there = get(key);
    const auto uid = there.get("metadata").get("uid");
    if (there.is_null()) return "not found";
    if (action.object.get("metadata").get("uid") != uid) return "precondition failed: UID";
    const bool is_status = action.verb == Verb::patch_status;
    if (is_status ? key.first != "MiniCluster" : !is_owned_by(there, our_uid))
        break_law(fmt::format("{} {} was written to", key.first, key.second));
    if (key.first == "Secret") break_law("a Secret was changed");
    auto made = copy(merged(there, action.object));
    if (made == there) break_law(key.first + ": a patch that changes nothing");
    put(key, std::move(made));
    return {};
}

std::optional<std::string> World::take_away(const Value& object) {
    const auto key = key_of(object);
    const auto there = get(key);
    if (there.is_null()) return "not found";
    const bool may = key.first == "MiniCluster" &&
                     there.get("spec").get("cleanup").as_boolean() == true &&
                     condition("Finished", "status") == "True";
    const bool has_failed = key.first == "Pod" && is_owned_by(there, our_uid) &&
                            text(there.get("status").get("phase")) == "Failed";
    if (!may && !has_failed) break_law(fmt::format("{} {} was deleted", key.first, key.second));
    if (object.get("metadata").get("uid") != there.get("metadata").get("uid"))
        break_law("another one of this name was deleted");
    remove(key);
    return {};
}

void World::set_spec(const std::string& key, const std::string& json) {
    auto object = copy(minicluster());
    if (object.is_null()) return;
    auto metadata = object.get("metadata");
    metadata.set("generation",
                 Value::integer(metadata.get("generation").as_integer().value_or(0) + 1));
    object.get("spec").set(key, parse(json));
    put({"MiniCluster", "lab"}, std::move(object));
}

void World::remove(const Key& key) {
    const auto uid = text(get(key).get("metadata").get("uid"));
    objects_.erase(key);
    std::vector<Key> owned;
    for (const auto& [other, object] : objects_)
        if (is_owned_by(object, uid)) owned.push_back(other);
    for (const auto& other : owned) remove(other);
}

void World::forget_owner(const Key& key) {
    objects_.erase(key);
}

void World::remove_pods() {
    std::erase_if(objects_, [](const auto& each) { return each.first.first == "Pod"; });
}

void World::mark_deleted() {
    auto object = copy(minicluster());
    object.get("metadata").set("deletionTimestamp", Value::string("1970-01-12T13:46:41Z"));
    put({"MiniCluster", "lab"}, std::move(object));
}

void World::set_status(const std::string& json) {
    auto object = copy(minicluster());
    object.set("status", parse(json));
    put({"MiniCluster", "lab"}, std::move(object));
}

void World::add_stranger(const Key& key) {
    if (objects_.contains(key)) return;
    put(key, parse(fmt::format(
                 R"({{"kind": "{}", "metadata": {{"name": "{}"}}, "data": {{"of": "theirs"}}}})",
                 key.first, key.second)));
}

void World::add_of_predecessor(const Key& key) {
    if (objects_.contains(key)) return;
    put(key,
        parse(fmt::format(
            R"({{"kind": "{}", "metadata": {{"name": "{}", "ownerReferences": )"
            R"([{{"kind": "MiniCluster", "name": "lab", "controller": true, "uid": "ffff"}}]}})"
            R"(, "data": {{"of": "theirs"}}}})",
            key.first, key.second)));
}

void World::add_left_job() {
    if (objects_.contains({"Job", "lab"})) return;
    put({"Job", "lab"},
        parse(fmt::format(
            R"({{"kind": "Job", "metadata": {{"name": "lab", "ownerReferences": [{{"controller": true, )"
            R"("uid": "{}"}}]}}, "spec": {{"parallelism": 2, "backoffLimit": 100}}}})",
            our_uid)));
}

void World::run_job_controller() {
    const auto made = job();
    if (!is_owned_by(made, our_uid)) return;
    const auto wanted = made.get("spec").get("parallelism").as_integer().value_or(0);
    const auto uid = text(made.get("metadata").get("uid"));
    for (std::int64_t index = 0; index < 8; ++index) {
        const Key key{"Pod", fmt::format("lab-{}-{}", index, uid)};
        if (index >= wanted) {
            objects_.erase(key);
        } else if (!objects_.contains(key)) {
            put(key, parse(fmt::format(
                         R"({{"kind": "Pod", "metadata": {{"name": "{}", "annotations": )"
                         R"({{"batch.kubernetes.io/job-completion-index": "{}"}}, )"
                         R"("ownerReferences": [{{"controller": true, "uid": "{}"}}]}}, "spec": )"
                         R"({{"restartPolicy": "{}", "containers": [{{"name": "lab"}}]}}, )"
                         R"("status": {{}}}})",
                         key.second, index, uid, text(template_of(made).get("restartPolicy")))));
        }
    }
}

void World::set_pod(int index, const std::string& status) {
    const Key key{"Pod", fmt::format("lab-{}-{}", index, text(job().get("metadata").get("uid")))};
    auto pod = get(key);
    if (pod.is_null()) return;
    put(key, copy(pod.set("status", parse(status))));
}

void World::set_job(const std::string& part, const std::string& key, const std::string& json) {
    if (!is_owned_by(job(), our_uid)) return;
    auto made = copy(job());
    auto inner = made.has(part) ? made.get(part) : Value::object();
    made.set(part, inner.set(key, parse(json)));
    put({"Job", "lab"}, std::move(made));
}

void World::set_metadata(const Key& key, const std::string& member, const std::string& json) {
    auto object = copy(get(key));
    object.get("metadata").set(member, parse(json));
    put(key, std::move(object));
}

void World::set_service(const std::string& json) {
    const Key key{"Service", service};
    if (is_owned_by(get(key), our_uid))
        put(key, copy(merged(get(key), Value::object().set("spec", parse(json)))));
}

void World::set_services_pod(const std::string& status) {
    const Key key{"Pod", services_pod};
    if (is_owned_by(get(key), our_uid)) put(key, copy(get(key).set("status", parse(status))));
}

void World::set_labels(const Key& key, const std::string& json) {
    auto object = copy(get(key));
    object.get("metadata").set("labels", parse(json));
    put(key, std::move(object));
}

std::string World::condition(const std::string& type, const std::string& part) const {
    for (const auto& each : minicluster().get("status").get("conditions").items())
        if (text(each.get("type")) == type) return text(each.get(part));
    return {};
}

std::string World::phase() const {
    return text(minicluster().get("status").get("phase"));
}

int World::count(const std::string& kind) const {
    int found = 0;
    for (const auto& [key, object] : objects_) found += key.first == kind ? 1 : 0;
    return found;
}

}  // namespace muster::controller
