// SPDX-License-Identifier: Apache-2.0
#include "job_options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "arguments.hpp"
#include "muster/base/fd.hpp"
#include "muster/broker_config.hpp"

namespace muster::rehearsal {
namespace {

constexpr std::array options = {
    OptionRow{'N', "nodes", true},
    OptionRow{'n', "ntasks", true},
    OptionRow{'c', "cores-per-task", true},
    OptionRow{'x', "exclusive", false},
    OptionRow{'l', "label-io", false},
    OptionRow{0, "watch", false},
    OptionRow{0, "wait", false},
    OptionRow{0, "quiet", false},
    OptionRow{0, "cwd", true},
    OptionRow{'t', "time-limit", true},
    OptionRow{'i', "input", true},
    // Taken and ignored: they change nothing in a rehearsal.
    OptionRow{'o', "setopt", true},
    OptionRow{'v', "verbose", false},
    OptionRow{0, "setattr", true},
    OptionRow{0, "job-name", true},
    OptionRow{0, "urgency", true},
    OptionRow{0, "progress", false},
    OptionRow{0, "unbuffered", false},
};

Result<std::uint32_t> count(const ScannedOptions& given, std::string_view option,
                            std::string_view what, std::uint32_t otherwise) {
    const auto text = given.value(option);
    if (!text) return otherwise;
    int number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size())
        return fail(Kind::usage, "--{}: invalid int value '{}'", option, *text);
    if (number < 1) return fail(Kind::usage, "{} must be an integer >= 1 (if set)", what);
    return static_cast<std::uint32_t>(std::min(number, 1 << 20));
}

/// The lines of files named after "::::", empty ones left out, as flux-bulksubmit(1) reads them.
Result<std::vector<std::string>> read_inputs(const std::vector<std::string>& files) {
    std::vector<std::string> inputs;
    for (const auto& file : files) {
        TRY_ASSIGN(const std::string text, read_file(file));
        for (std::size_t begin = 0; begin < text.size();) {
            const auto end = std::min(text.find('\n', begin), text.size());
            if (end > begin) inputs.push_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
    }
    return inputs;
}

/// Seconds of --time-limit: an FSD, or a number of minutes; 0 for none.
Result<double> time_limit(const ScannedOptions& given) {
    const auto text = given.value("time-limit");
    if (!text) return 0.0;
    const auto seconds = broker_config::parse_duration(*text);
    if (!seconds) return fail(Kind::usage, "invalid Flux standard duration '{}'", *text);
    const bool has_unit = !text->empty() && std::isalpha(static_cast<unsigned char>(text->back()));
    return std::isinf(*seconds) ? 0.0 : *seconds * (has_unit ? 1.0 : 60.0);
}

/// Variables that tell a program which job it is part of: the next job has its own.
bool is_of_a_job(std::string_view variable) {
    return variable.starts_with("FLUX_JOB_") || variable.starts_with("FLUX_TASK_") ||
           variable == "FLUX_URI" || variable == "FLUX_KVS_NAMESPACE";
}

}  // namespace

std::string_view name(JobCommand command) {
    switch (command) {
        case JobCommand::submit:
            return "submit";
        case JobCommand::run:
            return "run";
        case JobCommand::bulksubmit:
            return "bulksubmit";
        case JobCommand::alloc:
            break;
    }
    return "alloc";
}

Result<JobOptions> parse_job_options(JobCommand command, std::span<const std::string> words) {
    TRY_ASSIGN(auto given, scan_options(words, options));
    JobOptions result;
    auto& shape = result.shape;
    TRY_ASSIGN(shape.nodes, count(given, "nodes", "node count", 0));
    TRY_ASSIGN(shape.tasks, count(given, "ntasks", "task count", std::max(shape.nodes, 1u)));
    TRY_ASSIGN(shape.cores_per_task, count(given, "cores-per-task", "cores per task", 1));
    // Flux: nodes without tasks are whole nodes.
    shape.exclusive = given.has("exclusive") || (shape.nodes > 0 && !given.has("ntasks"));
    if (shape.nodes > shape.tasks)
        return fail(Kind::usage, "node count must not be greater than task count");
    if (shape.exclusive && shape.nodes == 0)
        return fail(Kind::usage, "exclusive can only be set with a node count");
    if (const auto input = given.value("input"); input && *input != "/dev/null")
        return fail(Kind::usage, "--input={}: tasks of the rehearsal read /dev/null only", *input);
    result.watch = command == JobCommand::run || given.has("watch") || given.has("wait");
    result.quiet = given.has("quiet");
    result.label_io = given.has("label-io");
    result.directory = given.value("cwd").value_or("");
    TRY_ASSIGN(result.time_limit, time_limit(given));
    result.command = std::move(given.rest);
    if (result.command.empty() && command != JobCommand::alloc)
        return fail(Kind::usage, "job command and arguments are missing");
    return result;
}

Result<std::vector<std::vector<std::string>>> expand_bulk(const std::vector<std::string>& words) {
    const auto separator = std::ranges::find_if(
        words, [](const std::string& word) { return word == ":::" || word == "::::"; });
    if (separator == words.end())
        return fail(Kind::usage,
                    "inputs after ::: or :::: are missing (the rehearsal reads none from "
                    "standard input)");
    const std::vector<std::string> command(words.begin(), separator);
    if (command.empty()) return fail(Kind::usage, "job command and arguments are missing");
    std::vector<std::string> inputs(separator + 1, words.end());
    if (*separator == "::::") {
        TRY_ASSIGN(inputs, read_inputs(inputs));
    }
    std::vector<std::vector<std::string>> commands;
    for (const auto& input : inputs) {
        auto one = command;
        bool used = false;
        for (auto& word : one)
            for (auto at = word.find("{}"); at != std::string::npos;
                 at = word.find("{}", at + input.size())) {
                word.replace(at, 2, input);
                used = true;
            }
        if (!used) one.push_back(input);
        commands.push_back(std::move(one));
    }
    return commands;
}

JobRequest make_request(const JobOptions& given, std::vector<std::string> command,
                        const Environment& environment) {
    JobRequest request{.shape = given.shape, .watch = given.watch, .time_limit = given.time_limit};
    request.plan.argv = std::move(command);
    for (const auto& [variable, value] : environment)
        if (!is_of_a_job(variable)) request.plan.environment.push_back(variable + '=' + value);
    std::error_code error;
    request.plan.directory =
        given.directory.empty() ? std::filesystem::current_path(error).string() : given.directory;
    if (error) request.plan.directory = "/";
    return request;
}

}  // namespace muster::rehearsal
