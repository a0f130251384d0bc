// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client.hpp"
#include "job.hpp"
#include "job_options.hpp"
#include "muster/base/clock.hpp"

namespace muster::rehearsal {

/// Submits jobs and follows them to their end: prints their output, and says how they ended.
class Watch {
  public:
    Watch(Client& client, JobCommand command, const JobOptions& options)
        : client_(client), command_(command), options_(options) {}

    /// The highest code of all jobs, 1 for one that was refused. A signal cancels what runs; when
    /// all has ended (or with a second signal) the process ends by it.
    /// Errors: unavailable.
    Result<int> run(std::vector<JobRequest> requests);

  private:
    void handle(const Message& message);
    void print_output(const Message& message) const;
    struct Followed {
        TimePoint since;
        JobId id = 0;  ///< 0 until accepted
        std::string name = {};
    };
    void print_exception(const Followed& job, const Message& message) const;
    void end(std::int64_t request, int code);
    Result<void> on_signal();
    Result<void> cancel(JobId job);
    [[noreturn]] void end_by_signal() const;

    Client& client_;
    JobCommand command_;
    const JobOptions& options_;
    std::map<std::int64_t, Followed> jobs_;  ///< those not ended, by request
    int code_ = 0;
    int signal_ = 0;
};

}  // namespace muster::rehearsal
