// SPDX-License-Identifier: Apache-2.0
// What was changed after the start. A Job follows in its size, as far as ranks are configured, in
// how long it may last and how often its pods may fail; the rest holds from the next start, which
// is another Job: the user deletes this one.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "build.hpp"
#include "digest.hpp"
#include "names.hpp"
#include "read.hpp"
#include "state.hpp"
#include "trouble.hpp"

namespace muster::controller {
namespace {

using json::Value;

constexpr const char* type = "SpecApplied";
constexpr std::array followed{"spec.size", "spec.maxSize", "spec.deadlineSeconds",
                              "spec.backoffLimit", "spec.cleanup"};

Value annotation(const Value& job, const char* name) {
    return at(job, {"metadata", "annotations"}).get(name);
}

/// How many ranks the brokers of `job` are configured for (no more can ever join), or how many of
/// them its leader waits for.
std::int64_t number_at(const Value& job, const char* name) {
    const auto text = annotation(job, name).as_string().value_or("");
    const auto read = Value::parse(text);
    return read ? read->as_integer().value_or(0) : 0;
}

/// The fields that a Job cannot follow in.
std::vector<std::string> changes(const State& state) {
    const auto before =
        Value::parse(annotation(state.job, spec_annotation).as_string().value_or(""));
    if (!before) return {};
    auto changed = differences(*before, digests(state.observed->minicluster.get("spec")));
    std::erase_if(changed, [](const std::string& field) {
        return std::ranges::find(followed, field) != followed.end();
    });
    return changed;
}

/// Sets `key` in `patch` where `job` has another value there.
void follow(Value& patch, const Value& job, const char* key, std::int64_t wanted) {
    if (job.get("spec").get(key) != number(wanted)) patch.set(key, number(wanted));
}

/// What has ended is not started again, whatever the spec says now.
Condition compare_ended(const State& state) {
    const auto changed = changes(state);
    const auto size = state.job.get("spec").get("parallelism").as_integer();
    if (changed.empty() && size.value_or(state.cluster->size) == state.cluster->size)
        return {type, true, "Applied", "the spec is in force"};
    return {type, false, "Ended",
            "this is not the spec of the instance that has ended: to run it, delete the "
            "MiniCluster, and apply it again"};
}

}  // namespace

Condition follow_spec(const State& state, std::vector<Action>& actions) {
    if (!state.cluster) return {type, false, "Invalid", state.cluster.error().message};
    if (state.job_has_ended) return compare_ended(state);
    if (state.job.is_null() || state.job.get("metadata").has("deletionTimestamp"))
        return {type, true, "Applied", "the spec is in force"};
    constexpr const char* mend = "delete the Job, and it is started anew with what the spec says";
    if (annotation(state.job, ranks_annotation).is_null())
        return {type, false, "MadeByAnother",
                fmt::format("Job {} was made by another controller, and goes on as it is: {}",
                            state.name, mend)};
    const auto& cluster = *state.cluster;
    const auto ranks = number_at(state.job, ranks_annotation);
    const bool fits = cluster.size <= ranks;
    auto patch = Value::object();
    if (fits) {
        follow(patch, state.job, "parallelism", cluster.size);
        follow(patch, state.job, "completions", cluster.size);
    }
    follow(patch, state.job, "activeDeadlineSeconds", cluster.deadline);
    // A policy of exit codes cannot tell a program's 69 from muster's own, which is tried again.
    const bool has_failed = std::ranges::any_of(state.pods, program_has_failed);
    follow(patch, state.job, "backoffLimit", has_failed ? 0 : cluster.backoff_limit);
    if (!patch.members().empty()) {
        if (!state.observed->refusal.empty())
            return {type, false, "Refused", state.observed->refusal};
        actions.push_back({Verb::patch, patch_of(state.job).set("spec", patch)});
    }

    if (!fits)
        return {type, false, "SizeRefused",
                fmt::format("spec.size: {} is more than the {} ranks that were configured at the "
                            "start: {}",
                            cluster.size, ranks, mend)};
    auto changed = changes(state);
    const auto max_size = at(state.observed->minicluster, {"spec", "maxSize"}).as_integer();
    if (max_size.value_or(0) != 0 && max_size != ranks) changed.emplace_back("spec.maxSize");
    if (!changed.empty())
        return {type, false, "ChangedAfterStart",
                fmt::format("{} changed after the start: {}", fmt::join(changed, ", "), mend)};
    if (const auto quorum = number_at(state.job, quorum_annotation); cluster.size < quorum)
        return {type, true, "BelowQuorum",
                fmt::format("spec.size: {} is less than the {} brokers that a leader waits for: a "
                            "program that runs goes on, but none begins, after an eviction either, "
                            "before there are so many; give more, or {}; spec.minSize, set before "
                            "the start, is how many are enough",
                            cluster.size, quorum, mend)};
    return {type, true, "Applied", "the spec is in force"};
}

}  // namespace muster::controller
