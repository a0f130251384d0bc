// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/execute.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "muster/bootstrap/facts.hpp"

namespace muster::bootstrap {
namespace {

Environment broker_environment(const Plan& plan, Environment environment) {
    // Settings are for this program; a muster that runs inside a job must not take them for its
    // own.
    std::erase_if(environment,
                  [](const auto& variable) { return variable.first.starts_with("MUSTER_"); });
    for (const auto& [name, value] : plan.environment) environment[name] = value;
    return environment;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& string : strings) result.push_back(string.data());
    result.push_back(nullptr);
    return result;
}

Error cannot_execute(const std::string& program, int error_number) {
    const auto kind = error_number == ENOENT ? Kind::no_program : Kind::not_executable;
    return Error{kind, fmt::format("execute {}: {}", program, os_error(error_number))};
}

/// Flux 0.88 takes a restore that is not there for nothing to restore.
Result<void> check_files(const Settings& settings, const Plan& plan) {
    // "auto" is Flux's word for the newest dump below its statedir.
    if (!plan.is_leader() || !settings.restore || *settings.restore == "auto") return {};
    const Fd file(::open(settings.restore->c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0)
        return fail(Kind::io, "--restore (MUSTER_RESTORE): read {}: {}", *settings.restore,
                    os_error(errno));
    if (!S_ISREG(status.st_mode))
        return fail(Kind::io, "--restore (MUSTER_RESTORE): {} is no regular file",
                    *settings.restore);
    return {};
}

}  // namespace

std::optional<Fd> take_role_pipe(const Environment& environment) {
    const auto variable = environment.find("MUSTER_INIT_FD");
    if (variable == environment.end()) return std::nullopt;
    int number = -1;
    const auto& text = variable->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    struct stat status{};
    const bool is_pipe = error == std::errc{} && end == text.data() + text.size() && number > 2 &&
                         ::fstat(number, &status) == 0 && S_ISFIFO(status.st_mode);
    if (!is_pipe || !set_close_on_exec(number, true)) return std::nullopt;
    return Fd(number);
}

Result<void> check_programs(const Settings& settings, const LocalFacts& facts, const Plan& plan) {
    TRY(check_files(settings, plan));
    if (plan.runs_program && find_program(facts.muster_init).empty())
        return fail(Kind::no_program,
                    "muster-init is neither beside muster nor in PATH: install it with muster");
    const auto& program = facts.flux;
    if (find_program(program).empty()) {
        if (facts.rehearsal)
            return fail(
                Kind::no_program,
                "muster-rehearsal is neither beside muster nor in PATH: install it with muster");
        if (settings.flux == "flux")
            return fail(Kind::no_program,
                        "flux is not in PATH: use an image with Flux, or name it with --flux "
                        "(MUSTER_FLUX); --flux none runs the rehearsal broker");
        return fail(Kind::no_program, "--flux (MUSTER_FLUX): {} does not exist", program);
    }
    struct stat status{};
    const bool executable = ::stat(program.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                            ::access(program.c_str(), X_OK) == 0;
    if (!executable)
        return fail(Kind::not_executable,
                    "{} cannot be executed by uid {}: check its mode and the mount options",
                    program, ::geteuid());
    return {};
}

Error execute_broker(const Plan& plan, const Environment& environment,
                     const std::optional<Fd>& role_pipe) {
    std::vector<std::string> variables = format_environment(broker_environment(plan, environment));
    std::vector<std::string> words = plan.argv;
    const auto argv = pointers(words);
    const auto envp = pointers(variables);
    if (role_pipe) {
        // When nobody reads it any more, muster-init is gone and so will we be.
        const auto line = plan.is_leader() ? fmt::format("leader {}\n", plan.paths.status)
                                           : fmt::format("follower {}\n", plan.paths.leaving);
        static_cast<void>(write_all(role_pipe->get(), line));
    }
    ::execve(argv[0], argv.data(), envp.data());
    return cannot_execute(words[0], errno);
}

}  // namespace muster::bootstrap
