// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/fd.hpp"

namespace muster {

/// How a process ended, as waitid(2) tells it.
struct ExitStatus {
    int code = 0;    ///< exit code, when signal is 0
    int signal = 0;  ///< the signal that ended it
    /// The shell's view: the code, or 128 + signal.
    int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

/// A process of ours. It runs on when the Child is destroyed: whoever spawns also reaps.
class Child {
  public:
    struct Options {
        std::vector<std::string> argv;
        std::string program = {};  ///< file to execute; empty: argv[0]. Looked up in our PATH
                                   ///< unless it has a slash
        std::optional<std::vector<std::string>> environment =
            {};  ///< "NAME=value"; the parent's when absent
        std::vector<std::pair<int, int>> descriptors =
            {};                      ///< (ours, the child's); others are close-on-exec
        std::string directory = {};  ///< working directory, ours when empty
        bool new_group = false;      ///< leader of its own process group
    };

    /// Starts a process with default signal dispositions and an empty mask.
    /// Errors: no_program, not_executable, io.
    static Result<Child> spawn(const Options& options);

    pid_t pid() const { return pid_; }
    /// A pidfd: readable when the process has ended.
    int pidfd() const { return pidfd_.get(); }
    /// Sends `signal` to the process (never to a recycled pid).
    void signal(int signal) const;
    /// Reaps it when it has ended; empty while it runs.
    std::optional<ExitStatus> poll();
    /// Waits until it ends.
    ExitStatus wait();

  private:
    Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    pid_t pid_;
    Fd pidfd_;
    std::optional<ExitStatus> status_;
};

}  // namespace muster
