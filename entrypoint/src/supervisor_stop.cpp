// SPDX-License-Identifier: Apache-2.0
// How a Supervisor is stopped: the one signal to the broker, and the deadlines up to the grace.
#include "supervisor.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

namespace muster::init {
namespace {

constexpr Millis kill_bound{1'000};  ///< how long SIGKILL may take
constexpr Millis kill_again{100};    ///< for what was forked while we killed

}  // namespace

void Supervisor::on_signal(int signal) {
    const Role role = pipe_.role();
    const bool stops = role == Role::none ? signal == SIGTERM : is_stop_request(signal);
    if (stops || (phase_ != Phase::living && is_stop_request(signal))) {
        on_stop_request(signal);
    }
    if (phase_ != Phase::living || (role != Role::none && stops)) {
        return;
    }
    if (signal == SIGCONT && role == Role::none) {
        terminal_.give(child_);
    }
    kill(child_, signal);
}

void Supervisor::on_stop_request(int signal) {
    if (stop_ != 0) {
        return;  // a second SIGTERM would abort the leader's cleanup
    }
    stop_ = signal;
    stop_at_ = now();
    leave_at_ = stop_at_ + options_.grace;
    kill_at_ = leave_at_ - std::min(options_.grace / 10, kill_bound);
    sweep_until_ = sweep_until_ == never ? never : std::min(sweep_until_, kill_at_);
    if (phase_ == Phase::living) {
        if (pipe_.role() == Role::follower && !is_leaving()) {
            hold_until_ = stop_at_ + options_.grace / 3;
        } else if (pipe_.role() == Role::none) {
            forwarded_ = true;  // by on_signal, as it came
        } else {
            forward_stop(stop_at_);
        }
        return;
    }
    if (verdict_.again) {
        verdict_.again = false;
        verdict_.code = 128 + stop_;
    }
    if (phase_ == Phase::pausing) {
        finish(verdict_.code);
    }
}

/// The broker's one SIGTERM, whichever signal asked for it.
void Supervisor::forward_stop(Millis time) {
    hold_until_ = never;
    forwarded_ = true;
    kill(child_, SIGTERM);
    if (pipe_.role() == Role::follower) {
        kill_at_ = std::min(kill_at_, follower_kill_at(time));
    }
}

/// `muster leave` has marked this follower: it is drained, and the instance goes on without it.
bool Supervisor::is_leaving() const {
    const char* marker = pipe_.path();
    Line path;
    if (*marker == '\0') {
        const char* dir = getenv("MUSTER_DIR");
        const bool usable = dir != nullptr && dir[0] == '/';
        path << (usable ? dir : "/run/muster") << "/leaving";
        marker = path.c_str();
    }
    return access(marker, F_OK) == 0;
}

Millis Supervisor::next_deadline() const {
    return std::min(
        {hold_until_, kill_at_, leave_at_, explain_until_, sweep_until_, sweep_end_, start_at_});
}

void Supervisor::on_time(Millis time) {
    if (phase_ == Phase::living && time >= hold_until_) {
        forward_stop(time);
    }
    if (phase_ == Phase::explaining && time >= explain_until_) {
        kill(explainer_, SIGKILL);
        explainer_ = 0;
        start_sweeping();
    }
    if (time >= kill_at_ || time >= sweep_until_) {
        kill_everything(time);
    }
    if (phase_ == Phase::sweeping && time >= sweep_end_) {
        say(Line() << "processes that SIGKILL does not end are left behind");
        after_sweep();
    }
    if (phase_ == Phase::pausing && time >= start_at_) {
        start_at_ = never;
        if (const int error = start_life(); error != 0) {
            say(Line() << "cannot execute " << options_.command[0] << ": " << error_text(error));
            finish(spawn_exit_code(error));
        }
    }
    if (phase_ != Phase::over && time >= leave_at_) {
        say(Line() << "the grace of " << options_.grace << " is over");
        if (phase_ != Phase::draining) {
            finish(phase_ == Phase::living ? 128 + stop_ : verdict_.code);
        }
        phase_ = Phase::over;
    }
}

/// Said once, at the first kill that a stop has led to.
void Supervisor::report_kill(Millis time) {
    if (stop_ == 0 || time < kill_at_ || reported_kill_) {
        return;
    }
    reported_kill_ = true;
    Line line;
    line << (pipe_.role() == Role::none ? "the command" : role_name(pipe_.role()));
    line << (pipe_.role() == Role::none ? "" : "'s broker, or what it has left,");
    line << " has not ended " << time - stop_at_ << " after " << signal_name(stop_).view()
         << " and is killed: raise --grace (MUSTER_GRACE) and the pod's "
            "terminationGracePeriodSeconds";
    say(line);
}

void Supervisor::kill_everything(Millis time) {
    report_kill(time);
    descendants_.signal(SIGKILL, child_);
    if (kill_at_ != never) {
        kill_at_ = time + kill_again;
    }
    if (sweep_until_ != never) {
        sweep_until_ = time + kill_again;
    }
}

}  // namespace muster::init
