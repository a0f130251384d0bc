// SPDX-License-Identifier: Apache-2.0
#include "supervisor.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "explain.hpp"
#include "muster/base/exit_code.hpp"

namespace muster::init {
namespace {

int fail(const char* what, int error) {
    say(Line() << what << ": " << error_text(error));
    return exit_code(Kind::internal);
}

}  // namespace

int Supervisor::run(const sigset_t& mask) {
    if (const int failure = prepare(mask); failure != 0) {
        return failure;
    }
    if (const int error = start_life(); error != 0) {
        say(Line() << "cannot execute " << options_.command[0] << ": " << error_text(error));
        return spawn_exit_code(error);
    }
    reap();  // a child from before us may have ended before its SIGCHLD could be ours
    while (phase_ != Phase::over) {
        wait_for_events();
        relay_.pass();
        // In this order: what has already happened is not put down to a signal that came later.
        hear_role();
        reap();
        take_signals();
        on_time(now());
        if (phase_ == Phase::listening) {
            listen();
        } else if (phase_ == Phase::draining) {
            drain();
        }
    }
    terminal_.take_back(child_);
    return code_;
}

/// In bounded portions, so that a flood of them does not hold up the deadlines.
void Supervisor::take_signals() {
    for (int i = 0; i < most_signals_at_once; ++i) {
        const int signal = signals_.next();
        if (signal == 0) {
            return;
        }
        if (signal == SIGCHLD) {
            reap();
        } else {
            on_signal(signal);
        }
    }
}

int Supervisor::prepare(const sigset_t& mask) {
    if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        return fail("become a subreaper", errno);
    }
    if (const int error = signals_.open(); error != 0) {
        return fail("signalfd", error);
    }
    open_relay();
    const Descriptors descriptors{.err = relay_.write_end(), .reader_in = relay_.reader_end()};
    if (const int error = spawner_.prepare(mask, descriptors); error != 0) {
        return fail("prepare to spawn", error);
    }
    terminal_ = Terminal::of_init();
    descendants_.leave_out_children();
    if (!environment_.prepare(options_.grace_text)) {
        return fail("environment", ENOMEM);
    }
    return 0;
}

/// A terminal stays the command's own: programs ask what their stderr is, and somebody is reading
/// it. So does the stderr of a command that has no explain: nobody would be told.
void Supervisor::open_relay() {
    if (isatty(STDERR_FILENO) == 1 || !has_explain(options_.command)) {
        return;
    }
    if (const int error = relay_.open(); error != 0) {
        say(Line() << "a pipe for stderr: " << error_text(error));
    }
}

/// Returns 0 or errno; then there is no child.
int Supervisor::start_life() {
    // Without a pipe CMD still runs, only as a program without a role.
    if (const int error = pipe_.open(); error != 0) {
        say(Line() << "pipe: " << error_text(error));
    }
    relay_.forget();
    const Spawned child =
        spawner_.spawn(terminal_.ours() ? Child::in_foreground : Child::command, options_.command,
                       environment_.of_command(pipe_.write_end()));
    pipe_.close_write_end();
    if (child.error != 0) {
        return child.error;
    }
    child_ = child.pid;
    has_children_ = true;
    role_since_ = never;
    phase_ = Phase::living;
    return 0;
}

void Supervisor::wait_for_events() {
    std::array<pollfd, 3> events{};
    events[0] = {.fd = signals_.fd(), .events = POLLIN, .revents = 0};
    events[1] = {.fd = pipe_.read_end(), .events = POLLIN, .revents = 0};
    events[2] = relay_.interest();
    const Millis deadline = next_deadline();
    int timeout = -1;
    if (deadline != never) {
        constexpr Millis longest{1'000'000'000};
        timeout = static_cast<int>(std::clamp(deadline - now(), Millis(0), longest).count());
    }
    poll(events.data(), events.size(), timeout);
}

void Supervisor::hear_role() {
    if (!pipe_.read()) {
        return;
    }
    role_since_ = now();
    // From here on Ctrl-C is a request to stop, and must come to us and not to the broker: it would
    // end with 0, and nobody would know that it had been asked to.
    terminal_.take_back(child_);
    if (pipe_.role() == Role::follower && forwarded_) {
        kill_at_ = std::min(kill_at_, follower_kill_at(stop_at_ + options_.grace / 3));
    }
}

void Supervisor::reap() {
    for (;;) {
        siginfo_t info{};
        if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) != 0) {
            if (errno == EINTR) {
                continue;
            }
            has_children_ = false;
            break;
        }
        if (info.si_pid == 0) {
            break;
        }
        if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
            on_stopped(info.si_pid);
            continue;
        }
        descendants_.reaped(info.si_pid);
        if (info.si_pid == child_) {
            end_life({.by_signal = info.si_code != CLD_EXITED, .number = info.si_status});
        } else if (info.si_pid == explainer_) {
            explainer_ = 0;
            start_sweeping();
        }
    }
    if (phase_ == Phase::sweeping && is_swept()) {
        after_sweep();
    }
}

void Supervisor::on_stopped(pid_t child) {
    if (child == child_ && pipe_.role() == Role::none) {
        terminal_.stop_with(child_);
    }
}

}  // namespace muster::init
