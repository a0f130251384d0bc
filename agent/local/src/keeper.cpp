// SPDX-License-Identifier: Apache-2.0
#include "keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "muster/local/workspace.hpp"

namespace muster::local {
namespace {

constexpr pid_t farewell = 0;  // written instead of a pod's pid when all is well

/// Keeps `pipe` and nothing else: what we hold open would keep a reader of ours waiting.
void let_go_of_everything_but(int pipe) {
    const int null = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
    const auto kept = static_cast<unsigned>(pipe);
    ::syscall(SYS_close_range, 3u, kept - 1, 0u);
    ::syscall(SYS_close_range, kept + 1, ~0u, 0u);
}

/// Reads pids until the pipe ends. False after a farewell.
bool collect(int pipe, std::vector<Fd>& pods) {
    for (;;) {
        pid_t pid = 0;
        const ssize_t count = ::read(pipe, &pid, sizeof pid);
        if (count < 0 && errno == EINTR) continue;
        if (count != sizeof pid) return true;
        if (pid == farewell) return false;
        Fd pod(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (pod) pods.push_back(std::move(pod));
    }
}

void signal_all(const std::vector<Fd>& pods, int signal) {
    for (const Fd& pod : pods) ::syscall(SYS_pidfd_send_signal, pod.get(), signal, nullptr, 0);
}

/// Waits until every pod has ended. False when `deadline` came first.
bool wait_for_all(std::vector<Fd>& pods, const Clock& clock, Deadline deadline) {
    while (!pods.empty()) {
        pollfd entry{.fd = pods.back().get(), .events = POLLIN, .revents = 0};
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline.left(clock.now())).count();
        const int ready = ::poll(&entry, 1, static_cast<int>(left));
        if (ready == 0) return false;
        if (ready > 0) pods.pop_back();
    }
    return true;
}

void keep(int pipe, const std::string& directory, bool remove, Duration patience) {
    std::vector<Fd> pods;
    if (!collect(pipe, pods)) return;
    const SystemClock clock;
    signal_all(pods, SIGTERM);
    if (!wait_for_all(pods, clock, Deadline::after(clock, patience))) {
        signal_all(pods, SIGKILL);
        wait_for_all(pods, clock, Deadline::after(clock, std::chrono::seconds(5)));
    }
    if (remove) (void)Workspace::remove_tree(directory);  // nobody is left to tell
}

}  // namespace

Result<Keeper> Keeper::start(std::string directory, bool remove, Duration patience) {
    TRY_ASSIGN(Pipe pipe, make_pipe());
    const pid_t pid = ::fork();
    if (pid < 0) return fail(Kind::internal, "fork: {}", os_error(errno));
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        ::setsid();
        ::prctl(PR_SET_NAME, "muster-keeper");
        ::chdir("/");
        let_go_of_everything_but(pipe.read.get());
        keep(pipe.read.get(), directory, remove, patience);
        ::_exit(0);
    }
    return Keeper(pid, std::move(pipe.write));
}

void Keeper::adopt(pid_t pod) const {
    // A keeper that was killed cannot be told anything; we go on without it (SIGPIPE is ignored).
    if (::write(pipe_.get(), &pod, sizeof pod) < 0) return;
}

void Keeper::finished() {
    adopt(farewell);
    pipe_.reset();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace muster::local
