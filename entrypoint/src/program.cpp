// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "descendants.hpp"
#include "muster/base/exit_code.hpp"
#include "signals.hpp"
#include "spawn.hpp"
#include "status_file.hpp"
#include "terminal.hpp"

namespace muster::init {
namespace {

constexpr Millis kill_again{100};

/// The program while it runs.
class Program {
  public:
    Program(pid_t pid, const Terminal& terminal, Millis bound)
        : pid_(pid), terminal_(terminal), bound_(bound) {}

    End run(Signals& signals) {
        for (;;) {
            wait_for_signal(signals);
            reap();
            take_signals(signals);
            if (end_) {
                terminal_.take_back(pid_);
                return *end_;
            }
            if (now() >= kill_at_) {
                kill_all();
            }
        }
    }

  private:
    void wait_for_signal(Signals& signals) const {
        pollfd event{.fd = signals.fd(), .events = POLLIN, .revents = 0};
        int timeout = -1;
        if (kill_at_ != never) {
            timeout = static_cast<int>(std::max(kill_at_ - now(), Millis(0)).count());
        }
        poll(&event, 1, timeout);
    }

    /// In bounded portions, so that a flood of them does not hold up the deadline.
    void take_signals(Signals& signals) {
        for (int i = 0; i < most_signals_at_once; ++i) {
            const int signal = signals.next();
            if (signal == 0) {
                return;
            }
            if (signal == SIGCHLD) {
                reap();
            } else if (!end_) {
                on_signal(signal);
            }
        }
    }

    /// Takes in what has ended; the program's own end is kept.
    void reap() {
        for (;;) {
            siginfo_t info{};
            if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) != 0) {
                if (errno == EINTR) {
                    continue;
                }
                return;
            }
            if (info.si_pid == 0) {
                return;
            }
            if (info.si_pid != pid_) {
                continue;
            }
            if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
                terminal_.stop_with(pid_);
            } else {
                end_ = End{.by_signal = info.si_code != CLD_EXITED, .number = info.si_status};
            }
        }
    }

    void kill_all() {
        if (!said_) {
            said_ = true;
            say(Line() << "the program has not ended " << bound_
                       << " after SIGTERM, a third of the grace, and is killed: raise --grace "
                          "(MUSTER_GRACE) and the pod's terminationGracePeriodSeconds, or let it "
                          "end sooner");
        }
        descendants_.signal(SIGKILL, pid_);
        kill_at_ = now() + kill_again;
    }

    void on_signal(int signal) {
        if (signal == SIGHUP || signal == SIGTERM) {
            if (kill_at_ == never) {
                kill_at_ = now() + bound_;
                descendants_.signal(SIGTERM, pid_);
                descendants_.signal(SIGCONT, pid_);  // a stopped process cannot end
            }
        } else if (signal == SIGINT || signal == SIGQUIT) {
            kill(-pid_, signal);
        } else {
            if (signal == SIGCONT) {
                terminal_.give(pid_);
            }
            kill(pid_, signal);
        }
    }

    pid_t pid_;
    Descendants descendants_;
    Terminal terminal_;
    Millis bound_;
    Millis kill_at_ = never;
    bool said_ = false;  ///< that it is killed
    std::optional<End> end_;
};

int record(StatusFile& file, const Options& options, End end) {
    if (const int error = file.record(end); error != 0) {
        say(Line() << "record the program's end in " << options.status << ": "
                   << error_text(error));
    }
    return end.code();
}

}  // namespace

int run_program(const Options& options, const sigset_t& mask) {
    const pid_t broker = getppid();
    Signals signals;
    Spawner spawner;
    StatusFile file;
    if (const int error = file.reserve(options.status); error != 0) {
        say(Line() << "cannot write " << options.status << ": " << error_text(error));
        return exit_code(Kind::io);
    }
    int error = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 ? 0 : errno;
    error = error != 0 ? error : signals.open();
    error = error != 0 ? error : spawner.prepare(mask, {});
    if (error != 0) {
        say(Line() << "prepare to run the program: " << error_text(error));
        return record(file, options, {.by_signal = false, .number = exit_code(Kind::internal)});
    }
    const Terminal terminal = Terminal::of_program();
    const Spawned child = spawner.spawn(terminal.ours() ? Child::in_foreground : Child::command,
                                        options.command, environ);
    if (child.error != 0) {
        say(Line() << "cannot execute the program " << options.command[0] << ": "
                   << error_text(child.error));
        return record(file, options, {.by_signal = false, .number = spawn_exit_code(child.error)});
    }
    Program program(child.pid, terminal, options.grace / 3);
    const End end = program.run(signals);
    // A `flux run` that has lost its broker ends with 1. That is the broker's end, which must not
    // be taken for the program's. In this order: it may be reaped between the two.
    if (is_ending(broker) || getppid() != broker) {
        file.give_up();
        return end.code();
    }
    return record(file, options, end);
}

}  // namespace muster::init
