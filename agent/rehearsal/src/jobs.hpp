// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "job.hpp"
#include "muster/base/reactor.hpp"

namespace muster::rehearsal {

/// The leader's jobs: places them in the order of submission, has their tasks run, and tells their
/// clients. No priorities, no history.
class Jobs {
  public:
    struct Options {
        std::chrono::milliseconds kill_timeout{5'000};  ///< from SIGTERM to SIGKILL
    };
    struct Handlers {
        std::function<void(Message)> send;  ///< to the rank in `to`
        /// An answer to a client.
        std::function<void(const ClientAddress&, std::string_view topic, json::Value body,
                           std::string data)>
            reply;
    };
    Jobs(Reactor& reactor, Options options, Handlers handlers)
        : reactor_(reactor), options_(options), handlers_(std::move(handlers)) {}
    ~Jobs();

    /// What there is to run on. Until it is called every job waits.
    void set_nodes(std::vector<Node> nodes);
    const std::vector<Node>& nodes() const { return nodes_; }
    void set_up(Rank rank, bool up);
    /// A drained rank keeps its jobs and gets no more.
    void set_drained(Rank rank, bool drained);
    /// The broker of `rank` is gone: the jobs on it fail.
    void lose(Rank rank, const std::string& host);

    void submit(const ClientAddress& client, const json::Value& body);
    void wait_room(const ClientAddress& client, const json::Value& body);
    /// A client that went away: its jobs go on, unwatched.
    void forget(Rank rank, std::int64_t connection);
    void cancel(JobId id);
    void on_task_message(const Message& message);
    /// Sends `signal` to the tasks of all running jobs.
    void signal_all(int signal);

    /// Cancels running jobs and starts no more; `when_idle` is called once none runs.
    void stop(std::function<void()> when_idle);
    /// Ends what still runs without waiting for it to end itself.
    void kill_all() { signal_all(9); }

  private:
    struct Waiter {
        ClientAddress client;
        JobShape shape;
    };
    void schedule();
    void start(Job& job);
    void order_tasks(Job& job);
    void end_tasks(Job& job, std::uint32_t number, int code);
    void raise(Job& job, std::string_view type, std::string_view text, int number = SIGTERM);
    void finish(Job& job);
    void signal(const Job& job, int number);
    void tell(const Job& job, std::string_view what, json::Value body, std::string data = "");
    Node* node(Rank rank);
    Job* find(JobId id);
    void check_idle();

    Reactor& reactor_;
    Options options_;
    Handlers handlers_;
    std::vector<Node> nodes_;
    bool ready_ = false;
    std::map<JobId, Job> jobs_;  ///< not ended
    std::vector<Waiter> waiters_;
    JobId last_id_ = 0;
    std::function<void()> when_idle_;
    bool stopped_ = false;
};

}  // namespace muster::rehearsal
