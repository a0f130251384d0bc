// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keeper.hpp"
#include "muster/base/reactor.hpp"
#include "muster/local.hpp"
#include "muster/local/lines.hpp"
#include "muster/local/log_line.hpp"
#include "muster/local/output.hpp"
#include "muster/local/pod.hpp"
#include "muster/local/progress.hpp"
#include "muster/local/timeline.hpp"
#include "muster/local/workspace.hpp"
#include "process.hpp"
#include "strays.hpp"

namespace muster::local {

/// Starts the pods of one instance, the leader first, and sees them through to their end. One loop,
/// in which nothing blocks.
class Supervisor {
  public:
    struct Parts {
        const UpOptions& options;
        const Instance& instance;
        const Workspace& workspace;
        const Keeper& keeper;
        Strays& strays;
    };
    Supervisor(Reactor& reactor, const Parts& parts, TimePoint start);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    ~Supervisor();

    /// Until every pod has ended. Errors: the first that kept a pod from starting.
    Result<int> run();

    const Timeline& timeline() const { return timeline_; }
    /// One line of ours, to standard error.
    void say(std::string_view text);

  private:
    struct Pod {
        std::unique_ptr<Process> process;
        LineSplitter lines{16u << 10};  // of what it logs
        bool starting = false;          // holds one of the places for pods that start
        Reactor::TimerId place_timer = 0;
    };
    enum class Phase { running, stopping, killing, over };

    // supervisor.cpp: from the first start to the last end
    void start_pods();
    Result<void> start_pod(std::uint32_t rank);
    void give_up_place(std::uint32_t rank);
    void on_end(std::uint32_t rank, ExitStatus status);
    void on_leader_end(ExitStatus status);
    int code_of_leader(ExitStatus status) const;
    void on_follower_end(std::uint32_t rank, ExitStatus status);
    void on_lost_output();
    void on_signal(int signal);
    void stop(int signal, Duration patience);
    void kill();
    void end_strays();
    void sweep();
    void leave_when_written();

    // supervisor_output.cpp: what the pods say
    void on_leader_output(std::string_view data);
    void on_error_output(std::uint32_t rank, std::string_view data);
    void on_line(std::uint32_t rank, std::string_view line);
    void on_log(std::uint32_t rank, const LogLine& line);
    void on_step(std::uint32_t rank, const Transition& step);
    void on_formed();
    void show_program_line(Stream stream, std::string_view line);
    void hold_back_or_resume();
    void show_progress();
    void give_notices();

    Reactor* reactor_;
    Parts parts_;
    TimePoint start_;
    Output output_;
    Progress progress_;
    Timeline timeline_;
    std::vector<Pod> pods_;
    LineSplitter program_lines_{1u << 20};  // where standard output cannot be passed on as it is
    std::vector<std::string> argv_;
    Environment environment_;

    Phase phase_ = Phase::running;
    std::uint32_t next_ = 0;      // rank to be started
    std::uint32_t starting_ = 0;  // pods that hold a place
    std::uint32_t living_ = 0;
    std::uint32_t failed_ = 0;  // followers that ended with an error before the instance had formed
    std::uint32_t interrupts_ = 0;
    int interrupt_ = 0;  // the signal by which the user ended a running instance
    TimePoint last_interrupt_{};
    bool errors_paused_ = false;  // what pods log is held back
    bool output_lost_ = false;    // something for standard output could not be written
    std::optional<int> code_;
    std::optional<Error> error_;
    Reactor::TimerId kill_timer_ = 0;
    int sweeps_ = 0;
};

}  // namespace muster::local
