// SPDX-License-Identifier: Apache-2.0
#include "strays.hpp"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/fd.hpp"

namespace muster::local {
namespace {

/// Field 4 of /proc/PID/stat; the name before it may hold anything, blanks and ')' too.
pid_t parent_of(pid_t pid) {
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid), 4096);
    if (!stat) return 0;
    const std::size_t name_end = stat->rfind(')');
    if (name_end == std::string::npos || name_end + 4 >= stat->size()) return 0;
    pid_t parent = 0;
    std::from_chars(stat->data() + name_end + 4, stat->data() + stat->size(), parent);
    return parent;
}

/// From /proc, for /proc/self/task/*/children is not in every kernel.
std::vector<pid_t> children() {
    std::vector<pid_t> result;
    const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
    if (!proc) return result;
    const pid_t self = ::getpid();
    while (const dirent* entry = ::readdir(proc.get())) {
        const std::string_view name = entry->d_name;
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc{} || end != name.data() + name.size()) continue;
        if (parent_of(pid) == self) result.push_back(pid);
    }
    return result;
}

}  // namespace

Strays::Strays() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (const pid_t child : children()) known_.insert(child);
}

std::size_t Strays::kill() const {
    std::size_t found = 0;
    for (const pid_t child : children()) {
        if (known_.contains(child)) continue;
        ++found;
        ::kill(child, SIGKILL);  // a child of ours, so its pid cannot be anyone else's
        ::waitpid(child, nullptr, WNOHANG);
    }
    return found;
}

}  // namespace muster::local
