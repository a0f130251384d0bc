// SPDX-License-Identifier: Apache-2.0
// What is missing is made, in the order in which it is needed; a Service that somebody has changed
// is set right, and a pod of services that a node has evicted makes room for the next. Once there is
// a Job nobody asks for the Secret any more: another certificate would part the brokers that have
// the first.
#include <algorithm>
#include <optional>

#include "build.hpp"
#include "digest.hpp"
#include "muster/controller/desired.hpp"
#include "names.hpp"
#include "read.hpp"
#include "state.hpp"

namespace muster::controller {
namespace {

using json::Value;

constexpr const char* type = "ObjectsCreated";

const Value* find_in(const std::vector<Value>& objects, const Value& wanted) {
    const auto found = std::ranges::find_if(objects, [&](const Value& each) {
        return each.get("kind") == wanted.get("kind") &&
               each.get("metadata").get("name") == wanted.get("metadata").get("name");
    });
    return found == objects.end() ? nullptr : &*found;
}

const Value* find(const Observed& observed, const Value& wanted) {
    const auto* const found = find_in(observed.objects, wanted);
    return found == nullptr ? find_in(observed.pods, wanted) : found;
}

/// A Job knows what it was made from, so that a change is seen later.
void note_origin(Value& job, const State& state) {
    auto annotations = Value::object();
    annotations.set(ranks_annotation, text(std::to_string(state.cluster->max_size)))
        .set(quorum_annotation,
             text(std::to_string(state.cluster->min_size.value_or(state.cluster->size))))
        .set(spec_annotation, text(digests(state.observed->minicluster.get("spec")).format()));
    auto metadata = job.get("metadata");
    metadata.set("annotations", annotations);
}

/// The address that the API server has given the leader's Service; empty when it has not.
std::string find_leader_address(const State& state) {
    const auto name = leader_service_name(*state.cluster);
    for (const auto& each : state.observed->objects)
        if (text_at(each, "kind") == "Service" && text_at(each.get("metadata"), "name") == name)
            return text_at(each.get("spec"), "clusterIP");
    return {};
}

/// Why there can be no Job yet; empty when there can.
std::optional<Condition> hold_back(const State& state, const MiniCluster& cluster) {
    if (state.has_old_pods)
        return Condition{
            type, false, "WaitsForPods",
            fmt::format("Job {} waits until the pods of the one before it are gone", cluster.name)};
    if (cluster.has_leader_service && cluster.leader_address.empty())
        return Condition{type, false, "WaitsForAddress",
                         fmt::format("Job {} waits until Service {} has an address", cluster.name,
                                     leader_service_name(cluster))};
    return {};
}

/// Whether `there` belongs to a MiniCluster that had the same name, and so is gone.
bool is_of_predecessor(const Value& there, const State& state) {
    const auto owners = there.get("metadata").get("ownerReferences").items();
    return std::ranges::any_of(owners, [&](const Value& owner) {
        return is_set(owner, "controller") && text_at(owner, "kind") == "MiniCluster" &&
               text_at(owner, "name") == state.name && text_at(owner, "uid") != state.uid;
    });
}

/// Without our labels no watch tells what becomes of it: a Job that the Flux Operator left has none.
Value missing_labels(const Value& there, const Value& wanted) {
    auto missing = Value::object();
    for (const auto* label : {name_label, manager_label, instance_label}) {
        const auto value = at(wanted, {"metadata", "labels"}).get(label);
        if (at(there, {"metadata", "labels"}).get(label) != value) missing.set(label, value);
    }
    return missing;
}

/// Whom a Service finds, and where, is ours: without it a broker that is started again finds nobody.
Value change_of_service(const Value& there, const Value& wanted) {
    auto change = Value::object();
    for (const auto* key : {"publishNotReadyAddresses", "selector", "ports"})
        if (there.get("spec").get(key) != wanted.get("spec").get(key))
            change.set(key, wanted.get("spec").get(key));
    // Of an object that is merged only what is named as null goes.
    auto selector = change.get("selector");
    for (const auto& [label, value] : there.get("spec").get("selector").members())
        if (selector.is_object() && !selector.has(label)) selector.set(label, Value());
    return change;
}

/// What makes `there` as it is wanted; nothing where it is. A pod that has failed never comes back.
std::optional<Action> mend(const Value& there, const Value& wanted) {
    const auto kind = text_at(wanted, "kind");
    if (kind == "Secret") return {};
    if (kind == "Pod") {
        if (text_at(there.get("status"), "phase") != "Failed" ||
            there.get("metadata").has("deletionTimestamp"))
            return {};
        return Action{Verb::remove, patch_of(there)};
    }
    auto patch = patch_of(there);
    const auto labels = missing_labels(there, wanted);
    const auto change = kind == "Service" ? change_of_service(there, wanted) : Value::object();
    if (labels.members().empty() && change.members().empty()) return {};
    if (!labels.members().empty()) patch.get("metadata").set("labels", labels);
    if (!change.members().empty()) patch.set("spec", change);
    return Action{Verb::patch, patch};
}

}  // namespace

Condition create_objects(const State& state, std::vector<Action>& actions) {
    const Condition created{type, true, "Created", "all objects are there"};
    if (state.job_has_ended || (!state.cluster && !state.job.is_null())) return created;
    if (!state.cluster) return {type, false, "Invalid", state.cluster.error().message};
    auto cluster = *state.cluster;
    if (cluster.has_leader_service) cluster.leader_address = find_leader_address(state);
    std::vector<Action> needed;
    std::optional<Condition> held;
    for (auto& wanted : desired_objects(cluster)) {
        const auto kind = text_at(wanted, "kind");
        const auto name = text_at(wanted.get("metadata"), "name");
        if (const auto* there = find(*state.observed, wanted)) {
            if (is_owned_by(*there, state.uid)) {
                if (auto mended = mend(*there, wanted)) needed.push_back(std::move(*mended));
                continue;
            }
            if (is_of_predecessor(*there, state)) {
                held = Condition{type, false, "WaitsForName",
                                 fmt::format("{} {} waits until the one of the MiniCluster before "
                                             "it is gone",
                                             kind, name)};
                continue;
            }
            return {type, false, "NameTaken",
                    fmt::format("{} {} is there already, and is not this MiniCluster's: remove it, "
                                "or choose another name",
                                kind, name)};
        }
        if (kind == "Secret" && !state.job.is_null()) continue;
        if (kind == "Job") {
            held = hold_back(state, cluster);
            if (held) continue;
            note_origin(wanted, state);
        }
        needed.push_back({Verb::create, std::move(wanted)});
    }
    if (!needed.empty() && !state.observed->refusal.empty())
        return {type, false, "Refused", state.observed->refusal};
    actions.insert(actions.end(), needed.begin(), needed.end());
    return held.value_or(created);
}

std::vector<ObjectName> wanted_names(const Value& minicluster) {
    const auto cluster = read_minicluster(minicluster);
    if (!cluster) return {};
    std::vector<ObjectName> names;
    for (const auto& wanted : desired_objects(*cluster))
        names.push_back({text_at(wanted, "kind"), text_at(wanted.get("metadata"), "name")});
    return names;
}

}  // namespace muster::controller
