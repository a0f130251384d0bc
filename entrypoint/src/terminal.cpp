// SPDX-License-Identifier: Apache-2.0
#include "terminal.hpp"

#include <signal.h>
#include <unistd.h>

#include "descendants.hpp"

namespace muster::init {

Terminal Terminal::of_init() {
    Terminal terminal;
    // Fails with ENOTTY unless stdin is our session's controlling terminal.
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    if (foreground == 0 && getpgrp() == 0 && setpgid(0, 0) == 0 &&
        tcsetpgrp(STDIN_FILENO, getpid()) == 0) {
        // PID 1 in a group from outside the namespace, which has no number here: take one of ours.
        foreground = getpid();
    }
    if (foreground > 0 && foreground == getpgrp()) {
        terminal.foreground_ = foreground;
    }
    return terminal;
}

Terminal Terminal::of_program() {
    Terminal terminal = of_init();
    const pid_t foreground = tcgetpgrp(STDIN_FILENO);
    const pid_t broker = getppid();
    if (foreground > 0 && broker > 0 &&
        (getpgid(broker) == foreground || getpgid(parent_of(broker)) == foreground)) {
        terminal.foreground_ = foreground;
    }
    return terminal;
}

void Terminal::take_back(pid_t child) const {
    if (ours() && tcgetpgrp(STDIN_FILENO) == child) {
        tcsetpgrp(STDIN_FILENO, foreground_);
    }
}

void Terminal::give(pid_t child) const {
    if (ours() && tcgetpgrp(STDIN_FILENO) == foreground_) {
        tcsetpgrp(STDIN_FILENO, child);
    }
}

void Terminal::stop_with(pid_t child) const {
    const pid_t parent = getppid();
    const bool shell_waits = parent > 0 && getsid(parent) == getsid(0) &&
                             getpgid(parent) != getpgrp() && getsid(0) != getpid();
    if (ours() && shell_waits && tcgetpgrp(STDIN_FILENO) == child) {
        take_back(child);
        kill(getpid(), SIGSTOP);
    }
}

}  // namespace muster::init
