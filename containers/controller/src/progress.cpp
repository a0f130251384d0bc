// SPDX-License-Identifier: Apache-2.0
// How far it has come, by its Job and by the readiness of its pods; and why it has failed.
#include <fmt/format.h>

#include <algorithm>

#include "lateness.hpp"
#include "names.hpp"
#include "read.hpp"
#include "state.hpp"
#include "trouble.hpp"

namespace muster::controller {
namespace {

using json::Value;

bool has_condition(const Value& job, std::string_view type) {
    return text_at(find_item(at(job, {"status", "conditions"}), "type", type), "status") == "True";
}

/// The Job controller stops the pods: what becomes of them is no trouble.
bool is_ending(const Value& job) {
    return has_condition(job, "SuccessCriteriaMet") || has_condition(job, "FailureTarget") ||
           job.get("metadata").has("deletionTimestamp");
}

std::string name_of(const Value& pod) {
    return text_at(pod.get("metadata"), "name");
}

bool is_leader(const Value& pod) {
    const auto annotations = at(pod, {"metadata", "annotations"});
    return text_at(annotations, index_annotation) == "0";
}

/// The first that is in trouble, by index; empty when none is.
std::string first_trouble(const std::vector<Value>& pods) {
    for (const auto& pod : pods)
        if (const auto text = is_online(pod) ? "" : trouble_of(pod); !text.empty())
            return fmt::format("; {}: {}", name_of(pod), text);
    return {};
}

constexpr const char* no_program =
    "the leader is online; no command was given, so it waits for people, as with spec.interactive";

bool lacks_program(const State& state) {
    return state.cluster && state.cluster->mode == Mode::interactive &&
           !is_set(state.observed->minicluster.get("spec"), "interactive");
}

/// How many brokers a leader waits for before the program begins.
std::int64_t quorum_of(const State& state, std::int64_t size) {
    const auto noted = at(state.job, {"metadata", "annotations"}).get(quorum_annotation);
    return Value::parse(noted.as_string().value_or("")).value_or(Value()).as_integer().value_or(size);
}

Condition brokers_online(const State& state, Progress& progress, WallTime now) {
    const auto count = fmt::format("{} of {} brokers are online", progress.online, progress.size);
    if (progress.size > 0 && progress.online >= progress.size)
        return {"BrokersOnline", true, "AllOnline", count};
    if (state.job_has_ended || is_ending(state.job)) return {"BrokersOnline", false, "Ended", count};
    if (state.job.is_null() || is_set(state.job.get("spec"), "suspend"))
        return {"BrokersOnline", false, "SomeOffline", count};
    const auto trouble = first_trouble(state.pods);
    if (!trouble.empty()) return {"BrokersOnline", false, "Trouble", count + trouble};
    const auto [late, look_again] = find_late(state, progress.size, now);
    progress.look_again = look_again;
    return {"BrokersOnline", false, "SomeOffline", late.empty() ? count : count + "; " + late};
}

Condition running(const State& state, Progress& progress) {
    const auto is = [&](const char* phase, bool is_true, std::string message) {
        progress.phase = phase;
        return Condition{"Running", is_true, phase, std::move(message)};
    };
    const auto& job = state.job;
    if (has_condition(job, "Complete")) return is("Succeeded", false, "the instance has ended");
    if (has_condition(job, "Failed")) return is("Failed", false, "the instance has ended");
    if (is_ending(job)) return is("Ending", false, "the pods are being stopped");
    if (is_set(job.get("spec"), "suspend")) return is("Suspended", false, "the Job is suspended");
    const auto leader = std::ranges::find_if(
        state.pods, [](const Value& pod) { return is_leader(pod) && is_online(pod); });
    if (leader != state.pods.end()) {
        // A program that has begun goes on when a follower is lost.
        const bool has_begun = text_at(reported(state, "Running"), "status") == "True";
        if (has_begun || progress.online >= quorum_of(state, progress.size))
            return is("Running", true, lacks_program(state) ? no_program : "the leader is online");
        return is("Starting", false, "the leader waits for its followers");
    }
    for (const auto& pod : state.pods)
        if (const auto keeper = is_leader(pod) ? keeper_of(pod) : ""; !keeper.empty())
            return is("Ending", false,
                      fmt::format("leader {} has ended with {}; its pod waits for container {} to "
                                  "end, too",
                                  name_of(pod), end_of(pod)->text, keeper));
    return is("Starting", false, "the leader is not online yet");
}

/// Of the pods that have failed the leader's says most, and else the one that the Job names.
std::string cause_of_failure(const State& state, const Value& failed) {
    if (text_at(failed, "reason") == "DeadlineExceeded")
        return fmt::format("it has lasted longer than spec.deadlineSeconds, {}",
                           at(state.job, {"spec", "activeDeadlineSeconds"}).format());
    const auto message = text_at(failed, "message");
    const Value* chosen = nullptr;
    for (const auto& pod : state.pods) {
        if (text_at(pod.get("status"), "phase") != "Failed" || trouble_of(pod).empty()) continue;
        const bool is_named = message.find('/' + name_of(pod) + ' ') != message.npos;
        if (chosen == nullptr || is_named) chosen = &pod;
        if (is_leader(pod)) break;
    }
    if (chosen == nullptr) return message;
    return fmt::format("{} {}: {}", is_leader(*chosen) ? "leader" : "follower", name_of(*chosen),
                       trouble_of(*chosen));
}

Condition finished(const State& state) {
    if (has_condition(state.job, "Complete"))
        return {"Finished", true, "Succeeded", "the program ended with exit code 0"};
    const auto failed = find_item(at(state.job, {"status", "conditions"}), "type", "Failed");
    if (text_at(failed, "status") == "True")
        return {"Finished", true, "Failed", cause_of_failure(state, failed)};
    return {"Finished", false, "NotYet", "the instance has not ended"};
}

}  // namespace

Progress look_at_progress(const State& state, WallTime now) {
    Progress progress;
    const auto pods = at(state.job, {"spec", "parallelism"}).as_integer();
    progress.size = pods.value_or(state.cluster ? state.cluster->size : 0);
    progress.online = std::ranges::count_if(state.pods, is_online);
    progress.conditions.push_back(brokers_online(state, progress, now));
    progress.conditions.push_back(running(state, progress));
    progress.conditions.push_back(finished(state));
    return progress;
}

}  // namespace muster::controller
