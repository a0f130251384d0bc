// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/decide.hpp"

#include "read.hpp"
#include "state.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// spec.cleanup: what has ended goes, behind the status that tells so. In one go: a status that we
/// have written ourselves is no news, for which we would look again.
void clean_up(const State& state, std::vector<Action>& actions) {
    const auto& minicluster = state.observed->minicluster;
    if (is_set(minicluster.get("spec"), "cleanup"))
        actions.push_back({Verb::remove, patch_of(minicluster)});
}

}  // namespace

Decision decide(const Observed& observed, WallTime now) {
    // What goes takes along all that it owns.
    if (observed.minicluster.get("metadata").has("deletionTimestamp")) return {};
    const auto state = read_state(observed);
    std::vector<Action> actions;
    // It has run; a Job that somebody has tidied away is no reason to run it again.
    if (state.has_ended_before && state.job.is_null()) {
        clean_up(state, actions);
        return {std::move(actions), {}};
    }
    const auto created = create_objects(state, actions);
    auto progress = look_at_progress(state, now);
    if (!created.is_true)
        progress.phase = created.reason.starts_with("WaitsFor") ? "Starting" : "Refused";
    std::vector<Condition> conditions{follow_spec(state, actions), created};
    conditions.insert(conditions.end(), progress.conditions.begin(), progress.conditions.end());
    report(state, conditions, progress, now, actions);
    if (state.job_has_ended) clean_up(state, actions);
    return {std::move(actions), progress.look_again};
}

std::vector<Action> take_along(const Observed& last) {
    const auto state = read_state(last);
    if (state.job.is_null()) return {};
    auto job = patch_of(state.job);
    auto metadata = job.get("metadata");
    metadata.set("resourceVersion", state.job.get("metadata").get("resourceVersion"));
    return {{Verb::remove, job}};
}

}  // namespace muster::controller
