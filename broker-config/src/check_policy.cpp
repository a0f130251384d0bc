// SPDX-License-Identifier: Apache-2.0
// [policy] and [queues.*] (RFC 33), as src/common/libfluxutil/conf_policy.c of Flux 0.88 reads
// them.
#include <algorithm>

#include "muster/broker_config/duration.hpp"
#include "reader.hpp"
#include "tables.hpp"

namespace muster::broker_config {
namespace {

/// What RFC 20 keeps out of property names, for [queues.*]. Not the set of [[resource.config]].
constexpr std::string_view banned_in_requires = " \t!&'\"`|()";

std::string below(std::string_view path, std::string_view key) {
    return fmt::format("{}.{}", path, key);
}

void check_fsd(TableReader& reader, std::string_view key) {
    const Value* value = reader.any(key);
    if (value == nullptr) return;
    if (value->string() == nullptr || !parse_duration(*value->string()))
        reader.fail(key, "is not a valid FSD (RFC 23), like \"1h\"");
}

/// policy.jobspec. The value of the default queue, if it sets one.
Result<const Value*> check_jobspec(const Value& jobspec, const std::string& path) {
    TableReader outer(jobspec, path);
    const Value* defaults = outer.any("defaults");
    TRY(outer.finish());
    if (defaults == nullptr) return nullptr;
    TableReader middle(*defaults, below(path, "defaults"));
    const Value* system = middle.any("system");
    TRY(middle.finish());
    if (system == nullptr) return nullptr;
    TableReader inner(*system, below(path, "defaults.system"));
    check_fsd(inner, "duration");
    const Value* queue = inner.any("queue");
    if (queue != nullptr && queue->string() == nullptr) inner.fail("queue", "is not a string");
    TRY(inner.finish());
    return queue;
}

Result<void> check_job_size(const Value& value, const std::string& path) {
    TableReader reader(value, path);
    for (const std::string_view key : {"nnodes", "ncores", "ngpus"})
        if (reader.integer(key).value_or(0) < -1) reader.fail(key, "must be >= -1");
    return reader.finish();
}

Result<void> check_limits(const Value& limits, const std::string& path) {
    TableReader reader(limits, path);
    const Value* size = reader.any("job-size");
    check_fsd(reader, "duration");
    TRY(reader.finish());
    if (size == nullptr) return {};
    TableReader bounds(*size, below(path, "job-size"));
    const Value* min = bounds.any("min");
    const Value* max = bounds.any("max");
    TRY(bounds.finish());
    if (min != nullptr) TRY(check_job_size(*min, below(path, "job-size.min")));
    if (max != nullptr) TRY(check_job_size(*max, below(path, "job-size.max")));
    return {};
}

Result<void> check_users(const Value& access, const std::string& path) {
    TableReader reader(access, path);
    for (const std::string_view key : {"allow-user", "allow-group"}) {
        const Value* names = reader.any(key);
        if (names != nullptr && !strings_of(*names)) reader.fail(key, "must be a string array");
    }
    return reader.finish();
}

/// A table like [policy]. The value of its default queue, if it sets one.
Result<const Value*> check_one_policy(const Value& table, const std::string& path) {
    const Value* default_queue = nullptr;
    TableReader reader(table, path);
    const Value* jobspec = reader.any("jobspec");
    const Value* limits = reader.any("limits");
    const Value* access = reader.any("access");
    reader.any("scheduler");
    TRY(reader.finish());
    if (jobspec != nullptr) {
        TRY_ASSIGN(default_queue, check_jobspec(*jobspec, below(path, "jobspec")));
    }
    if (limits != nullptr) TRY(check_limits(*limits, below(path, "limits")));
    if (access != nullptr) TRY(check_users(*access, below(path, "access")));
    return default_queue;
}

bool are_properties(const Value& value) {
    const auto strings = strings_of(value);
    return strings && std::none_of(strings->begin(), strings->end(), [](const auto& text) {
               return text.find_first_of(banned_in_requires) != std::string::npos;
           });
}

Result<void> check_queue(std::string_view name, const Value& queue) {
    const std::string path = below("queues", name);
    TableReader reader(queue, path);
    const Value* policy = reader.any("policy");
    const Value* required = reader.any("requires");
    TRY(reader.finish());
    if (policy != nullptr) {
        TRY_ASSIGN(const Value* default_queue, check_one_policy(*policy, below(path, "policy")));
        if (default_queue != nullptr)
            return refuse(default_queue->place, below(path, "policy.jobspec.defaults.system.queue"),
                          "a queue's policy must not define a default queue");
    }
    if (required != nullptr && !are_properties(*required))
        return refuse(required->place, below(path, "requires"),
                      "must be an array of property strings (RFC 20)");
    return {};
}

Result<void> check_queues(const Value* value) {
    if (value == nullptr) return {};
    if (value->table() == nullptr) return refuse(value->place, "queues", "not a table");
    for (const auto& [name, queue] : value->table()->members()) TRY(check_queue(name, queue));
    return {};
}

}  // namespace

Result<void> check_policy(const Table& root) {
    const Value* default_queue = nullptr;
    if (const Value* table = root.find("policy"); table != nullptr) {
        TRY_ASSIGN(default_queue, check_one_policy(*table, "policy"));
    }
    const Value* queues = root.find("queues");
    TRY(check_queues(queues));
    if (default_queue == nullptr) return {};
    const std::string& name = *default_queue->string();
    if (queues != nullptr && queues->table()->find(name) != nullptr) return {};
    return refuse(default_queue->place, "policy.jobspec.defaults.system.queue",
                  fmt::format("the default queue {} is not in [queues] table", name));
}

}  // namespace muster::broker_config
