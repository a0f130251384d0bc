// SPDX-License-Identifier: Apache-2.0
// The status, written only when it is another than it was; and an Event for what has turned.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include "build.hpp"
#include "names.hpp"
#include "read.hpp"
#include "state.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// The reasons that people are told of, and how loudly; of the others the status is enough.
struct Told {
    std::string_view reason;
    const char* type;
};
constexpr std::array told{
    Told{"Invalid", "Warning"},           Told{"NameTaken", "Warning"},
    Told{"Refused", "Warning"},           Told{"SizeRefused", "Warning"},
    Told{"ChangedAfterStart", "Warning"}, Told{"Trouble", "Warning"},
    Told{"AllOnline", "Normal"},          Told{"Running", "Normal"},
    Told{"Suspended", "Normal"},          Told{"BelowQuorum", "Warning"},
    Told{"MadeByAnother", "Warning"},
};

/// RFC 3339, in UTC.
std::string stamp(WallTime time) {
    const auto seconds = std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

const char* event_type(const Condition& condition) {
    if (condition.type == "Finished" && condition.is_true)
        return condition.reason == "Failed" ? "Warning" : "Normal";
    if (condition.type == "Running" && !condition.is_true && condition.reason != "Suspended")
        return nullptr;  // Finished says it
    const auto* const found = std::ranges::find(told, condition.reason, &Told::reason);
    return found == told.end() ? nullptr : found->type;
}

Value event(const State& state, const char* type, const std::string& reason,
            const std::string& message, WallTime now) {
    const auto involved = object({{"apiVersion", text(group_version)},
                                  {"kind", text("MiniCluster")},
                                  {"name", text(state.name)},
                                  {"namespace", text_or_none(state.name_space)},
                                  {"uid", text(state.uid)}});
    return object({{"apiVersion", text("v1")},
                   {"kind", text("Event")},
                   {"metadata", object({{"generateName", text(state.name + ".")},
                                        {"namespace", text_or_none(state.name_space)}})},
                   {"involvedObject", involved},
                   {"type", text(type)},
                   {"reason", text(reason)},
                   {"message", text(message)},
                   {"source", object({{"component", text("muster-controller")}})},
                   {"firstTimestamp", text(stamp(now))},
                   {"lastTimestamp", text(stamp(now))},
                   {"count", number(1)}});
}

Value condition_object(const State& state, const Condition& condition, WallTime now) {
    const auto before = reported(state, condition.type);
    const auto* status = condition.is_true ? "True" : "False";
    const auto since = text_at(before, "lastTransitionTime");
    const bool has_turned = text_at(before, "status") != status || since.empty();
    return object(
        {{"type", text(condition.type)},
         {"status", text(status)},
         {"reason", text(condition.reason)},
         {"message", text(condition.message)},
         {"observedGeneration", at(state.observed->minicluster, {"metadata", "generation"})},
         {"lastTransitionTime", text(has_turned ? stamp(now) : since)}});
}

/// Ours in their order, after those that somebody else has put there.
Value condition_list(const State& state, const std::vector<Condition>& conditions, WallTime now) {
    auto made = Value::array();
    for (const auto& other : at(state.observed->minicluster, {"status", "conditions"}).items()) {
        const auto type = text_at(other, "type");
        if (std::ranges::find(conditions, type, &Condition::type) == conditions.end())
            made.append(other);
    }
    for (const auto& each : conditions) made.append(condition_object(state, each, now));
    return made;
}

/// What `actions` create: one Event names all of it.
std::string created(const std::vector<Action>& actions) {
    std::string names;
    for (const auto& [verb, object] : actions)
        if (verb == Verb::create)
            names += fmt::format("{}{} {}", names.empty() ? "" : ", ", text_at(object, "kind"),
                                 text_at(object.get("metadata"), "name"));
    return names;
}

std::vector<Value> events(const State& state, const std::vector<Condition>& conditions,
                          const Progress& progress, WallTime now) {
    std::vector<Value> made;
    const auto size = at(state.observed->minicluster, {"status", "size"}).as_integer();
    if (size && *size != progress.size)
        made.push_back(event(state, "Normal", "Resized",
                             fmt::format("from {} to {} pods", *size, progress.size), now));
    for (const auto& each : conditions) {
        const auto* type = event_type(each);
        if (type == nullptr || text_at(reported(state, each.type), "reason") == each.reason)
            continue;
        made.push_back(event(state, type, each.reason, each.message, now));
    }
    return made;
}

}  // namespace

void report(const State& state, const std::vector<Condition>& conditions, const Progress& progress,
            WallTime now, std::vector<Action>& actions) {
    if (const auto made = created(actions); !made.empty())
        actions.push_back({Verb::create, event(state, "Normal", "Created", made, now)});
    const auto before = state.observed->minicluster.get("status");
    const auto ranks = at(state.job, {"metadata", "annotations"}).get(ranks_annotation);
    const auto configured = Value::parse(ranks.as_string().value_or(""));
    auto status =
        object({{"observedGeneration", at(state.observed->minicluster, {"metadata", "generation"})},
                {"size", number(progress.size)},
                {"maximumSize", configured       ? *configured
                                : !state.cluster ? Value()
                                                 : number(state.cluster->max_size)},
                {"selector", text("hpa-selector=" + state.name)},
                {"online", text(fmt::format("{}/{}", progress.online, progress.size))},
                {"phase", text(progress.phase)},
                {"conditions", condition_list(state, conditions, now)}});
    const auto is_same = [&](const auto& member) {
        return before.get(member.first) == member.second;
    };
    if (std::ranges::all_of(status.members(), is_same)) return;
    actions.push_back(
        {Verb::patch_status, patch_of(state.observed->minicluster).set("status", status)});
    for (auto& each : events(state, conditions, progress, now))
        actions.push_back({Verb::create, std::move(each)});
}

}  // namespace muster::controller
