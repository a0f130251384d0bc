// SPDX-License-Identifier: Apache-2.0
#include "descendants.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "text.hpp"

namespace muster::init {
namespace {

constexpr int deepest = 4096;  // bounds a walk through a tree that changes under it

/// Reads the start of a small file into `buffer`; "" when that fails.
template <std::size_t size>
std::string_view read_start(const char* path, std::array<char, size>& buffer) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return {};
    }
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    close(fd);
    return got > 0 ? std::string_view(buffer.data(), static_cast<std::size_t>(got))
                   : std::string_view();
}

/// /proc, if it is mounted and is that of our own PID namespace; else -1.
int open_proc() {
    std::array<char, 16> self{};
    const ssize_t length = readlink("/proc/self", self.data(), self.size());
    if (length <= 0) {
        return -1;
    }
    const auto pid = parse_number({self.data(), static_cast<std::size_t>(length)}, 1 << 30);
    if (!pid || *pid != getpid()) {
        return -1;
    }
    return open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/// Calls `visit` with each process of this namespace but this one; false when /proc is of no use.
template <typename Visit>
bool for_each_process(const Visit& visit) {
    const int proc = open_proc();
    if (proc < 0) {
        return false;
    }
    // getdents64(2) itself: opendir(3) allocates.
    alignas(dirent64) std::array<char, 4096> entries{};
    for (;;) {
        const ssize_t got = getdents64(proc, entries.data(), entries.size());
        if (got <= 0) {
            break;
        }
        for (ssize_t at = 0; at < got;) {
            dirent64 entry{};
            memcpy(&entry, entries.data() + at, offsetof(dirent64, d_name));
            const char* name = entries.data() + at + offsetof(dirent64, d_name);
            if (const auto pid = parse_number(name, 1 << 30); pid && *pid != getpid()) {
                visit(*pid);
            }
            at += entry.d_reclen;
        }
    }
    close(proc);
    return true;
}

}  // namespace

pid_t parent_of(pid_t pid) {
    Line path;
    path << "/proc/" << pid << "/stat";
    std::array<char, 256> buffer{};
    std::string_view stat = read_start(path.c_str(), buffer);
    // "PID (NAME) STATE PPID ...", where NAME may contain anything.
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos || stat.size() < name_end + 5) {
        return -1;
    }
    stat.remove_prefix(name_end + 4);
    const std::size_t end = stat.find(' ');
    if (end == std::string_view::npos) {
        return -1;
    }
    return parse_number({stat.data(), end}, 1 << 30).value_or(-1);
}

bool is_ending(pid_t pid) {
    constexpr unsigned pf_exiting = 0x4;  // linux/sched.h; proc(5), field 9 of stat
    constexpr int fields_to_flags = 7;    // after the name: state ppid pgrp session tty tpgid flags
    Line path;
    path << "/proc/" << pid << "/stat";
    std::array<char, 256> buffer{};
    std::string_view stat = read_start(path.c_str(), buffer);
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) {
        return false;
    }
    stat.remove_prefix(name_end + 1);
    for (int i = 1; i < fields_to_flags && !stat.empty(); ++i) {
        stat.remove_prefix(std::min(stat.find(' ', 1), stat.size()));
    }
    unsigned flags = 0;
    for (std::size_t i = 1; i < stat.size() && stat[i] >= '0' && stat[i] <= '9'; ++i) {
        flags = flags * 10 + static_cast<unsigned>(stat[i] - '0');
    }
    return (flags & pf_exiting) != 0;
}

void Descendants::leave_out_children() {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        return;  // ECHILD: the usual case, without a look at every process
    }
    for_each_process([this](pid_t pid) {
        if (count_ < strangers_.size() && parent_of(pid) == getpid()) {
            strangers_[count_++] = pid;
        }
    });
}

bool Descendants::is_stranger(pid_t pid) const {
    for (std::size_t i = 0; i < count_; ++i) {
        if (strangers_[i] == pid) {
            return true;
        }
    }
    return false;
}

void Descendants::reaped(pid_t pid) {
    for (std::size_t i = 0; i < count_; ++i) {
        if (strangers_[i] == pid) {
            strangers_[i] = strangers_[--count_];
            return;
        }
    }
}

bool Descendants::is_ours(pid_t pid) const {
    for (int depth = 0; depth < deepest && pid > 1; ++depth) {
        const pid_t parent = parent_of(pid);
        if (parent == getpid()) {
            return !is_stranger(pid);
        }
        pid = parent;
    }
    return false;
}

/// The descriptor is taken before the look: a number that changes hands between the look and the
/// signal would hit a stranger, a pidfd then just fails.
bool Descendants::signal_one(int signal, pid_t pid) const {
    const auto handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (handle < 0 && errno != ENOSYS && errno != EPERM && errno != EMFILE && errno != ENFILE) {
        return false;
    }
    const bool ours = is_ours(pid);
    if (ours && signal != 0) {
        if (handle >= 0) {
            syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0);
        } else {
            kill(pid, signal);
        }
    }
    if (handle >= 0) {
        close(handle);
    }
    return ours;
}

int Descendants::signal(int signal, pid_t child) const {
    int count = 0;
    if (for_each_process([&](pid_t pid) { count += signal_one(signal, pid) ? 1 : 0; })) {
        return count;
    }
    if (child <= 0) {
        return 0;
    }
    if (kill(-child, signal) != 0) {
        kill(child, signal);
    }
    return 1;
}

}  // namespace muster::init
