// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client_address.hpp"
#include "schedule.hpp"
#include "tasks.hpp"

namespace muster::rehearsal {

/// What `job.submit` asks for.
struct JobRequest {
    JobShape shape = {};
    bool watch = true;             ///< the client wants output and the end
    double time_limit = 0.0;       ///< seconds; 0: none
    std::vector<Rank> ranks = {};  ///< `flux exec`: one task on each of these, no resources
    TaskPlan plan = {};

    bool plain() const { return !ranks.empty(); }
};
json::Value encode_request(const JobRequest& request);
/// Errors: malformed.
Result<JobRequest> decode_request(const json::Value& body);

/// A job of the leader's, from submission to its end.
struct Job {
    enum class State { pending, running, ended };

    JobId id = 0;
    JobRequest request;
    std::optional<ClientAddress> watcher;
    State state = State::pending;
    std::vector<Share> shares = {};
    std::set<std::uint32_t> running = {};  ///< task numbers
    int code = 0;                          ///< highest so far
    bool failed = false;                   ///< had an exception: its tasks are being ended
    Reactor::TimerId kill_timer = 0;
    Reactor::TimerId limit_timer = 0;

    std::string name() const;  ///< "ƒ" and the id in base 58 (RFC 19)
};

/// The id that a name stands for, the "ƒ" also as "f" (RFC 19). Errors: usage.
Result<JobId> parse_job_name(std::string_view name);

}  // namespace muster::rehearsal
