// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "message.hpp"
#include "task.hpp"

namespace muster::rehearsal {

using JobId = std::int64_t;

namespace topic {
inline constexpr std::string_view task_start = "task.start";    ///< leader -> rank
inline constexpr std::string_view task_signal = "task.signal";  ///< leader -> rank
inline constexpr std::string_view task_output = "task.output";  ///< rank -> leader
inline constexpr std::string_view task_note = "task.note";      ///< rank -> leader
inline constexpr std::string_view task_end = "task.end";        ///< rank -> leader
}  // namespace topic

/// What one rank has to run of a job.
struct TaskOrder {
    JobId job = 0;
    std::string job_name;     ///< FLUX_JOB_ID
    std::uint32_t node = 0;   ///< this rank's position in the job
    std::uint32_t nodes = 0;  ///< FLUX_JOB_NNODES
    std::uint32_t tasks = 0;  ///< FLUX_JOB_SIZE
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool plain = false;  ///< `flux exec`: no job, so no variables of one
    TaskPlan plan = {};
};
Message encode_order(const TaskOrder& order, Rank to);
/// Errors: malformed.
Result<TaskOrder> decode_order(const Message& message);

/// The environment of task `number`: the submitter's, with FLUX_* of this broker and this task.
std::vector<std::string> task_environment(const TaskOrder& order, std::uint32_t number,
                                          const std::string& uri, const std::string& program_path);

/// The part of flux-shell: runs the tasks that the leader orders on this rank and reports to it.
class Tasks {
  public:
    struct Options {
        Rank rank = 0;
        std::string hostname;
        std::string uri;           ///< FLUX_URI of the tasks
        std::string program_path;  ///< directory with the `flux` link, first in PATH
    };
    Tasks(Reactor& reactor, Options options, std::function<void(Message)> send_to_leader)
        : reactor_(reactor), options_(std::move(options)), send_(std::move(send_to_leader)) {}

    /// Errors: malformed. What cannot be executed is reported to the leader instead.
    Result<void> start(const Message& message);
    void signal(const Message& message);
    /// Kills all at once, without reports.
    void kill_all() { tasks_.clear(); }
    std::size_t running() const { return tasks_.size(); }

  private:
    using Key = std::pair<JobId, std::uint32_t>;
    void start_one(const TaskOrder& order, std::uint32_t number);
    void report(std::string_view what, JobId job, std::uint32_t number, json::Value body,
                std::string data);

    Reactor& reactor_;
    Options options_;
    std::function<void(Message)> send_;
    std::map<Key, std::unique_ptr<Task>> tasks_;
};

}  // namespace muster::rehearsal
