// SPDX-License-Identifier: Apache-2.0
#include "state.hpp"

#include <algorithm>

#include "build.hpp"
#include "names.hpp"
#include "patch.hpp"
#include "read.hpp"

namespace muster::controller {
namespace {

using json::Value;

std::int64_t index_of(const Value& pod) {
    const auto text = text_at(at(pod, {"metadata", "annotations"}), index_annotation);
    return text.empty() || text.size() > 9 ? -1 : std::strtoll(text.c_str(), nullptr, 10);
}

/// Whether it has ended and will not go on: the Job controller says so last of all.
bool has_ended(const Value& job) {
    const auto conditions = at(job, {"status", "conditions"});
    return std::ranges::any_of(conditions.items(), [](const Value& each) {
        const auto type = text_at(each, "type");
        return (type == "Complete" || type == "Failed") && text_at(each, "status") == "True";
    });
}

/// With the image that muster is installed from, where it names none. What the user wrote stays as
/// it is: of another image of the next controller nothing has changed in it.
Value with_image(const Value& minicluster, const std::string& image) {
    const bool has_one = !text_at(at(minicluster, {"spec", "muster"}), "image").empty();
    if (image.empty() || has_one || !minicluster.has("spec")) return minicluster;
    const auto muster = object({{"image", text(image)}});
    return patched(minicluster, object({{"spec", object({{"muster", muster}})}}));
}

}  // namespace

Value at(Value value, std::initializer_list<const char*> path) {
    for (const auto* key : path) value = value.get(key);
    return value;
}

Value find_item(const Value& list, const std::string& key, std::string_view text) {
    for (const auto& item : list.items())
        if (text_at(item, key) == text) return item;
    return {};
}

Value reported(const State& state, std::string_view type) {
    return find_item(at(state.observed->minicluster, {"status", "conditions"}), "type", type);
}

Value patch_of(const Value& object) {
    const auto metadata = object.get("metadata");
    return controller::object({{"apiVersion", object.get("apiVersion")},
                               {"kind", object.get("kind")},
                               {"metadata", controller::object({
                                                {"name", metadata.get("name")},
                                                {"namespace", metadata.get("namespace")},
                                                {"uid", metadata.get("uid")},
                                            })}});
}

bool is_owned_by(const Value& object, std::string_view uid) {
    if (uid.empty()) return false;
    const auto owners = at(object, {"metadata", "ownerReferences"}).items();
    return std::ranges::any_of(owners, [&](const Value& owner) {
        return is_set(owner, "controller") && text_at(owner, "uid") == uid;
    });
}

State read_state(const Observed& observed) {
    const auto metadata = observed.minicluster.get("metadata");
    State state{.observed = &observed,
                .cluster = read_minicluster(with_image(observed.minicluster, observed.image)),
                .name = text_at(metadata, "name"),
                .name_space = text_at(metadata, "namespace"),
                .uid = text_at(metadata, "uid")};
    for (const auto& object : observed.objects)
        if (text_at(object, "kind") == "Job" && is_owned_by(object, state.uid)) state.job = object;
    const auto job_uid = text_at(state.job.get("metadata"), "uid");
    for (const auto& pod : observed.pods) {
        if (is_owned_by(pod, job_uid))
            state.pods.push_back(pod);
        else if (index_of(pod) >= 0)
            state.has_old_pods = true;
    }
    std::ranges::stable_sort(state.pods, {}, index_of);
    state.job_has_ended = has_ended(state.job);
    state.has_ended_before = text_at(reported(state, "Finished"), "status") == "True";
    return state;
}

}  // namespace muster::controller
