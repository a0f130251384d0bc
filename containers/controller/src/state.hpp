// SPDX-License-Identifier: Apache-2.0
// What was observed, in the words of the policies: each policy reads it and adds its actions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/controller/decide.hpp"

namespace muster::controller {

struct State {
    const Observed* observed;
    Result<MiniCluster> cluster;
    std::string name, name_space, uid;
    json::Value job;  ///< the MiniCluster's own; null when there is none
    bool job_has_ended = false;
    bool has_ended_before = false;  ///< its status says so; the Job may be gone
    std::vector<json::Value> pods;  ///< of the Job, by index
    bool has_old_pods = false;      ///< some of an earlier Job's are still there
};

State read_state(const Observed& observed);

/// One of status.conditions.
struct Condition {
    std::string type;
    bool is_true;
    std::string reason;
    std::string message;
};

// The policies, one a file.

/// create.cpp: what is missing, in the order in which it is needed. -> ObjectsCreated
Condition create_objects(const State& state, std::vector<Action>& actions);
/// spec_change.cpp: what was changed after the start, as far as a Job can follow. -> SpecApplied
Condition follow_spec(const State& state, std::vector<Action>& actions);
/// progress.cpp: -> BrokersOnline, Running, Finished
struct Progress {
    std::int64_t size = 0;  ///< pods that there ought to be
    std::int64_t online = 0;
    std::string phase;
    std::vector<Condition> conditions;
    std::optional<WallTime> look_again = {};  ///< when something will be late
};
Progress look_at_progress(const State& state, WallTime now);
/// status.cpp: the status, if it is another than it was, and an Event for each condition that
/// turned.
void report(const State& state, const std::vector<Condition>& conditions, const Progress& progress,
            WallTime now, std::vector<Action>& actions);

/// The condition `type` in the MiniCluster's status; null when there is none.
json::Value reported(const State& state, std::string_view type);

/// A patch of `object` so far: what names it, and its uid.
json::Value patch_of(const json::Value& object);

/// The member at the end of `path`, or null.
json::Value at(json::Value value, std::initializer_list<const char*> path);

/// The item of `list` whose member `key` is `text`, or null.
json::Value find_item(const json::Value& list, const std::string& key, std::string_view text);

}  // namespace muster::controller
