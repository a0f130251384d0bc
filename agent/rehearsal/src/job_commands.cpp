// SPDX-License-Identifier: Apache-2.0
// submit, run, bulksubmit, alloc, exec, cancel.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "arguments.hpp"
#include "commands.hpp"
#include "muster/base/idset.hpp"
#include "task.hpp"
#include "watch.hpp"

namespace muster::rehearsal {
namespace {

Result<int> submit_as(JobCommand command, const Invocation& call) {
    TRY_ASSIGN(const auto options, parse_job_options(command, call.words));
    std::vector<std::vector<std::string>> commands{options.command};
    if (command == JobCommand::bulksubmit) {
        TRY_ASSIGN(commands, expand_bulk(options.command));
    }
    std::vector<JobRequest> requests;
    for (auto& one : commands)
        requests.push_back(make_request(options, std::move(one), call.environment));
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    return Watch(client, command, options).run(std::move(requests));
}

std::string shell_of(const Environment& environment) {
    const auto shell = environment.find("SHELL");
    return shell == environment.end() || shell->second.empty() ? "/bin/bash" : shell->second;
}

/// Becomes `command`, as execvpe(3).
Result<int> become(const std::vector<std::string>& command, const Environment& environment) {
    const auto path = environment.find("PATH");
    const auto found = find_program(command[0], path == environment.end() ? "" : path->second, ".");
    if (!found) {
        static_cast<void>(
            write_all(STDERR_FILENO, fmt::format("flux: {}: {}\n", command[0], os_error(ENOENT))));
        return 127;
    }
    auto words = command;
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    auto variables = format_environment(environment);
    std::vector<char*> envp;
    for (auto& variable : variables) envp.push_back(variable.data());
    envp.push_back(nullptr);
    ::execve(found->c_str(), argv.data(), envp.data());
    int error = errno;
    if (error == ENOEXEC) {
        // execvp(3): what the kernel cannot execute is a shell script.
        std::string shell = "/bin/sh";
        auto script = *found;
        argv[0] = script.data();
        argv.insert(argv.begin(), shell.data());
        ::execve(shell.c_str(), argv.data(), envp.data());
        error = errno;
    }
    static_cast<void>(
        write_all(STDERR_FILENO, fmt::format("flux: {}: {}\n", command[0], os_error(error))));
    return error == ENOENT ? 127 : 126;
}

}  // namespace

Result<int> run_submit(const Invocation& call) {
    return submit_as(JobCommand::submit, call);
}

Result<int> run_run(const Invocation& call) {
    return submit_as(JobCommand::run, call);
}

Result<int> run_bulksubmit(const Invocation& call) {
    return submit_as(JobCommand::bulksubmit, call);
}

Result<int> run_alloc(const Invocation& call) {
    TRY_ASSIGN(auto options, parse_job_options(JobCommand::alloc, call.words));
    if (options.command.empty()) {
        options.command = {shell_of(call.environment)};
    }
    // No instance inside the instance: once the resources are there the command runs on this rank,
    // and what it submits runs in the whole instance.
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    const auto request = make_request(options, options.command, call.environment);
    TRY(client.ask(topic::wait_room, encode_request(request)));
    return become(options.command, call.environment);
}

Result<int> run_exec(const Invocation& call) {
    constexpr std::array rows = {OptionRow{'r', "rank", true}, OptionRow{'q', "quiet", false},
                                 OptionRow{'n', "noinput", false},
                                 OptionRow{'l', "label-io", false}, OptionRow{'d', "dir", true}};
    TRY_ASSIGN(auto given, scan_options(call.words, rows));
    if (given.rest.empty()) return fail(Kind::usage, "command is missing");
    JobOptions options{.watch = true,
                       .quiet = true,
                       .label_io = given.has("label-io"),
                       .directory = given.value("dir").value_or("")};
    auto request = make_request(options, std::move(given.rest), call.environment);
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    TRY_ASSIGN(const auto uptime, client.ask(topic::uptime, json::Value::object()));
    const auto size = static_cast<Rank>(uptime.get("size").as_integer().value_or(1));
    const auto text = given.value("rank").value_or("all");
    auto ranks = Idset::range(0, size - 1);
    if (text != "all") {
        TRY_ASSIGN(ranks, Idset::parse(text));
    }
    request.ranks = ranks.ids();
    if (request.ranks.empty() || request.ranks.back() >= size)
        return fail(Kind::usage, "One or more invalid --ranks specified: {}", text);
    options.labels = request.ranks;
    return Watch(client, JobCommand::submit, options).run({std::move(request)});
}

Result<int> run_proxy(const Invocation& call) {
    if (call.words.empty()) return fail(Kind::usage, "URI argument is required");
    auto environment = call.environment;
    environment["FLUX_URI"] = call.words[0];
    TRY(Client::connect(environment));  // a wrong URI is said here, not by every command after it
    std::vector<std::string> command(call.words.begin() + 1, call.words.end());
    if (command.empty()) command = {shell_of(environment)};
    return become(command, environment);
}

Result<int> run_cancel(const Invocation& call) {
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    for (const auto& word : call.words) {
        TRY_ASSIGN(const auto job, parse_job_name(word));
        TRY(client.ask(topic::cancel, json::Value::object().set("job", json::Value::integer(job))));
    }
    return 0;
}

}  // namespace muster::rehearsal
