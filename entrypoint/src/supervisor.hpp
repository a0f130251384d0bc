// SPDX-License-Identifier: Apache-2.0
// The life of PID 1 (or of a subreaper): CMD's lives one after the other, each followed by explain
// (if it failed) and by the end of whatever it left behind.
#pragma once

#include "args.hpp"
#include "decide.hpp"
#include "descendants.hpp"
#include "environment.hpp"
#include "relay.hpp"
#include "role.hpp"
#include "signals.hpp"
#include "spawn.hpp"
#include "terminal.hpp"

namespace muster::init {

/// When a follower's broker is killed that was sent SIGTERM at `time`.
constexpr Millis follower_kill_at(Millis time) {
    return time + Millis(5'000);
}

/// Before the first child exists every failure is an exit; afterwards none is, and nothing is
/// allocated. All time is in deadlines of one poll(2); nothing wakes up when nothing happens.
class Supervisor {
  public:
    explicit Supervisor(const Options& options) : options_(options) {}

    /// `mask` is what was blocked before block_all_signals(). Returns the exit code.
    int run(const sigset_t& mask);

  private:
    /// What the one thing that we wait for is.
    enum class Phase {
        living,      ///< the end of CMD
        listening,   ///< room in our stderr for CMD's last words
        explaining,  ///< the end of explain
        sweeping,    ///< the end of what CMD left behind
        pausing,     ///< the start of the next life
        draining,    ///< room in our stderr for what was left
        over,
    };

    int prepare(const sigset_t& mask);
    void open_relay();
    int start_life();
    void wait_for_events();
    void hear_role();
    void take_signals();
    void reap();
    void on_stopped(pid_t child);
    void on_signal(int signal);
    void on_stop_request(int signal);
    void on_time(Millis time);
    Millis next_deadline() const;

    void forward_stop(Millis time);
    void report_kill(Millis time);
    void kill_everything(Millis time);
    void end_life(End end);
    void report(const Life& life) const;
    void listen();
    void start_explaining();
    void start_sweeping();
    bool is_swept() const;
    void after_sweep();
    void finish(int code);
    void drain();
    bool is_leaving() const;

    Options options_;
    Signals signals_;
    Spawner spawner_;
    Terminal terminal_;
    Descendants descendants_;
    RolePipe pipe_;
    Relay relay_;
    Environment environment_;

    Phase phase_ = Phase::living;
    pid_t child_ = 0;      ///< CMD; 0 once reaped
    pid_t explainer_ = 0;  ///< 0 once reaped
    bool has_children_ = false;
    Millis role_since_ = never;
    Verdict verdict_;
    int code_ = 0;

    int stop_ = 0;            ///< the first signal that asked us to stop
    bool forwarded_ = false;  ///< the child was sent a signal because of it
    Millis stop_at_ = never;
    bool reported_kill_ = false;

    Millis hold_until_ = never;     ///< follower: then the broker gets its SIGTERM
    Millis kill_at_ = never;        ///< then everything is killed
    Millis leave_at_ = never;       ///< then we end, whatever is left (the grace)
    Millis explain_until_ = never;  ///< then explain is killed
    Millis sweep_until_ = never;    ///< then leftovers are killed
    Millis sweep_end_ = never;      ///< then leftovers that cannot be killed are left
    Millis start_at_ = never;       ///< then the next life begins
};

}  // namespace muster::init
