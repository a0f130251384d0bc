// SPDX-License-Identifier: Apache-2.0
#include "lateness.hpp"

#include <fmt/format.h>

#include <vector>

#include "muster/base/rfc3339.hpp"
#include "read.hpp"
#include "trouble.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// A pod that has its image is online within seconds.
constexpr std::chrono::seconds patience{30};

struct Wait {
    std::optional<WallTime> since;
    std::string text;
};

/// Quotas, policies and missing accounts forbid pods: the Job's Events have the words.
Wait wait_for_pods(const State& state, std::int64_t missing, std::int64_t size) {
    return {parse_rfc3339(text_at(state.job.get("status"), "startTime")),
            fmt::format("{} of {} pods could not be made: kubectl describe job {} says why", missing,
                        size, state.name)};
}

Wait wait_for(const Value& pod) {
    const auto metadata = pod.get("metadata");
    const auto name = text_at(metadata, "name");
    const auto running = at(flux_status(pod), {"state", "running"});
    if (running.is_null())
        return {parse_rfc3339(text_at(metadata, "creationTimestamp")),
                fmt::format("{0} has not started: kubectl describe pod {0} says why", name)};
    return {parse_rfc3339(text_at(running, "startedAt")),
            fmt::format("{0} is not online: kubectl logs {0} says what it waits for", name)};
}

}  // namespace

Lateness find_late(const State& state, std::int64_t size, WallTime now) {
    std::vector<Wait> waits;
    const auto missing = size - static_cast<std::int64_t>(state.pods.size());
    if (missing > 0) waits.push_back(wait_for_pods(state, missing, size));
    for (const auto& pod : state.pods)
        if (!is_online(pod) && !end_of(pod)) waits.push_back(wait_for(pod));
    Lateness found;
    for (auto& [since, text] : waits) {
        if (!since) continue;
        const auto late = *since + patience;
        if (late > now)
            found.look_again = std::min(late, found.look_again.value_or(late));
        else if (found.text.empty())
            found.text = std::move(text);
    }
    return found;
}

}  // namespace muster::controller
