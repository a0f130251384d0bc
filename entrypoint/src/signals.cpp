// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::init {
namespace {

constexpr unsigned long kernel_sigset_size = 8;  // 64 signals, not glibc's 1024

sigset_t every_signal() {
    sigset_t set;
    memset(&set, 0xff, sizeof set);  // sigfillset(3) leaves out 32 and 33
    return set;
}

}  // namespace

sigset_t block_all_signals() {
    const sigset_t every = every_signal();
    sigset_t before;
    sigemptyset(&before);
    // The call itself, because sigprocmask(3) does not let 32 and 33 be blocked. It cannot fail.
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, &before, kernel_sigset_size);
    return before;
}

int Signals::open() {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, nullptr);
    const sigset_t every = every_signal();
    fd_ = signalfd(-1, &every, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd_ >= 0 ? 0 : errno;
}

int Signals::next() {
    for (;;) {
        signalfd_siginfo info{};
        const ssize_t got = read(fd_, &info, sizeof info);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != sizeof info) {
            return 0;
        }
        if (info.ssi_pid == static_cast<unsigned>(getpid()) &&
            (info.ssi_signo == SIGPIPE || info.ssi_signo == SIGXFSZ)) {
            continue;  // from a write of our own: the child must not be sent it
        }
        return static_cast<int>(info.ssi_signo);
    }
}

}  // namespace muster::init
