// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "job.hpp"
#include "muster/base/environment.hpp"

namespace muster::rehearsal {

/// The commands that submit jobs differ in what they do with the same options.
enum class JobCommand { submit, run, bulksubmit, alloc };
std::string_view name(JobCommand command);

/// What the user asked for.
struct JobOptions {
    JobShape shape = {};
    bool watch = false;
    bool quiet = false;
    bool label_io = false;
    std::vector<Rank> labels = {};          ///< of the tasks; empty: their numbers
    double time_limit = 0.0;                ///< seconds; 0: none
    std::string directory = {};             ///< empty: the client's
    std::vector<std::string> command = {};  ///< and arguments, untouched
};

/// Reads the words after the command's name, as Flux 0.88 does; what the rehearsal cannot do is
/// refused by name, what changes nothing here (-o, --job-name, ...) is taken and ignored.
/// Errors: usage, in Flux's words where it has the same refusal.
Result<JobOptions> parse_job_options(JobCommand command, std::span<const std::string> words);

/// `flux bulksubmit COMMAND ::: INPUT...`: one command for each input, which takes the place of
/// every "{}", or follows the command where there is none. Errors: usage.
Result<std::vector<std::vector<std::string>>> expand_bulk(const std::vector<std::string>& words);

/// The request for one command of these options, with the client's environment and directory.
JobRequest make_request(const JobOptions& options, std::vector<std::string> command,
                        const Environment& environment);

}  // namespace muster::rehearsal
