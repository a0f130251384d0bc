// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/base/child.hpp"
#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/base/speaking.hpp"

namespace muster {

/// What a command printed, and how it ended.
struct Captured {
    std::string out;
    std::string err;
    std::optional<ExitStatus> status = {};  ///< none: it ran until the deadline, and was killed
};

struct CaptureOptions {
    std::size_t most_out = 64u << 20;  ///< bytes to keep; what is more is read and thrown away
    std::size_t most_err = 64u << 20;
    /// Is told of a command (its place in the list, its process) right before it is killed.
    std::function<void(std::size_t, pid_t)> before_kill = {};
    /// Is told how long they have taken so far, at each `moment`.
    std::function<void(Duration)> on_wait = {};
    Duration (*moment)(std::size_t index) = &speaking_moment;
};

/// Runs commands side by side, each as a process group of its own and with an empty standard input,
/// until all have ended and closed their outputs. At `deadline` the groups of those that still run
/// are killed; what they had printed until then stays. In the order of the commands.
/// Errors, each command's own: those of Child::spawn(), internal.
std::vector<Result<Captured>> capture(std::span<const Child::Options> commands, Deadline deadline,
                                      const Clock& clock, const CaptureOptions& options = {});
Result<Captured> capture(const Child::Options& command, Deadline deadline, const Clock& clock,
                         const CaptureOptions& options = {});

}  // namespace muster
