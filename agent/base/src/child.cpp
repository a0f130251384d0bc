// SPDX-License-Identifier: Apache-2.0
#include "muster/base/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "muster/base/assert.hpp"

namespace muster {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const auto& string : strings)
        result.push_back(const_cast<char*>(string.c_str()));  // NOLINT: posix_spawn's type
    result.push_back(nullptr);
    return result;
}

struct SpawnState {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    SpawnState() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    SpawnState(const SpawnState&) = delete;
    SpawnState& operator=(const SpawnState&) = delete;
    ~SpawnState() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

ExitStatus exit_status(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) return {.code = info.si_status, .signal = 0};
    return {.code = 0, .signal = info.si_status};
}

}  // namespace

Result<Child> Child::spawn(const Options& options) {
    MUSTER_ASSERT(!options.argv.empty());
    SpawnState state;
    for (const auto& [ours, theirs] : options.descriptors)
        posix_spawn_file_actions_adddup2(&state.actions, ours, theirs);
    if (!options.directory.empty())
        posix_spawn_file_actions_addchdir_np(&state.actions, options.directory.c_str());
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&state.attributes, &none);
    posix_spawnattr_setsigdefault(&state.attributes, &all);
    auto flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (options.new_group) flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(&state.attributes, static_cast<short>(flags));

    const auto argv = pointers(options.argv);
    const auto environment =
        options.environment ? pointers(*options.environment) : std::vector<char*>{};
    const auto& program = options.program.empty() ? options.argv[0] : options.program;
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, program.c_str(), &state.actions, &state.attributes, argv.data(),
                                     options.environment ? environment.data() : ::environ);
    if (error == ENOENT) return fail(Kind::no_program, "execute {}: not found", program);
    if (error != 0)
        return fail(Kind::not_executable, "execute {}: {}", program, os_error(error));
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return fail(Kind::internal, "watch process {}: {}", pid, os_error(errno));
    ::fcntl(pidfd.get(), F_SETFD, FD_CLOEXEC);
    return Child(pid, std::move(pidfd));
}

void Child::signal(int signal) const {
    if (!status_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

std::optional<ExitStatus> Child::poll() {
    if (status_) return status_;
    siginfo_t info{};
    const int result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG);
    if (result == 0 && info.si_pid == pid_) status_ = exit_status(info);
    return status_;
}

ExitStatus Child::wait() {
    siginfo_t info{};
    while (!status_) {
        if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0)
            status_ = exit_status(info);
        else
            MUSTER_ASSERT(errno == EINTR);
    }
    return *status_;
}

}  // namespace muster
