// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"
#include "muster/local/timeline.hpp"

namespace muster::local {

/// How much of what the pods log is shown.
enum class Logs {
    warnings,  ///< warnings and errors
    all,       ///< what the brokers say at their log level, and each step of `up` itself
};

/// An instance on this machine: `size` pods, each `muster-init muster run -- command` as an
/// unprivileged process with a loopback address, a name and a directory of its own.
struct UpOptions {
    std::uint32_t size = 1;                 ///< pods that are started
    std::optional<std::uint32_t> max_size;  ///< ranks that are configured; `size` when absent
    std::optional<std::uint32_t> min_size;  ///< quorum; `size` when absent
    std::optional<std::uint16_t> port;      ///< of the brokers; a free one when absent
    std::string flux = "none";              ///< path of flux; "none" is the rehearsal
    std::string flux_reason;                ///< why it is this one, for people; may be empty
    std::string mode = "submit";            ///< as `muster run` takes it
    std::string flags;                      ///< for flux submit, as `muster run` takes them
    Environment settings;  ///< MUSTER_* variables of every pod, on top of the user's environment
    std::vector<std::string> run_flags;  ///< for `muster run`, before the "--"
    bool has_certificate = false;        ///< the settings name one, or a secret; else one is made
    std::vector<std::string> command;    ///< the program and its arguments
    bool runs_program = true;            ///< false: nothing runs, users attach to the instance

    std::string muster;       ///< path of the agent
    std::string muster_init;  ///< path of the pods' first process

    std::string directory;  ///< where the instance's directory is made; empty: a temporary one
    bool keep = false;      ///< leave the directory behind
    Duration grace = std::chrono::seconds(10);  ///< from a request to stop until the last kill
    Logs logs = Logs::warnings;
    /// Called when all pods have ended and their directories are still there, with the leader's
    /// exit code.
    std::function<Result<void>(std::span<const PodTimes> pods, int code)> on_end;

    /// Instead of "muster-init muster run --"; the command follows it. For tests.
    std::vector<std::string> pod_argv;
};

/// Starts the instance, shows its output, waits for its end and leaves nothing behind.
///
/// The program's output is written as it comes: standard output of the leader's program to ours,
/// and nothing else goes there. Where ours is a terminal and the mode is submit, each line begins
/// with its task's rank, "[2] text", in colour. What pods log, and what `up` has to say, goes to
/// standard error as whole lines, those of a pod with "[rank] " before them.
///
/// The first SIGINT, SIGTERM, SIGHUP or SIGQUIT is passed on to every pod, the leader first, and
/// ends the instance in order; the second kills it. Should this process be killed, its keeper (a
/// process without a terminal) ends the pods and removes the directory.
///
/// Returns the leader's exit code (128 + n when a program dies because signal n ended the
/// instance), or that of a follower which ended before the instance had formed and without which it
/// cannot. Errors: usage, unavailable (no free address), io (directory), no_program,
/// not_executable.
Result<int> up(const UpOptions& options);

}  // namespace muster::local
