// SPDX-License-Identifier: Apache-2.0
// The command table, and `broker`.
#include <unistd.h>

#include <array>
#include <csignal>

#include "broker.hpp"
#include "commands.hpp"
#include "muster/rehearsal.hpp"

namespace muster::rehearsal {
namespace {

struct Command {
    std::string_view name;
    Result<int> (*run)(const Invocation&);
    std::string_view usage;
};

constexpr std::array commands = {
    Command{"broker", run_broker, "[-c FILE|DIR] [-S NAME=VALUE]... [COMMAND [ARGS...]]"},
    Command{"submit", run_submit, "[OPTIONS...] COMMAND [ARGS...]"},
    Command{"run", run_run, "[OPTIONS...] COMMAND [ARGS...]"},
    Command{"bulksubmit", run_bulksubmit, "[OPTIONS...] COMMAND [ARGS...] ::: INPUT..."},
    Command{"alloc", run_alloc, "[OPTIONS...] [COMMAND [ARGS...]]"},
    Command{"exec", run_exec, "[-r RANKS] COMMAND [ARGS...]"},
    Command{"cancel", run_cancel, "JOB..."},
    Command{"uptime", run_uptime, ""},
    Command{"getattr", run_getattr, "NAME"},
    Command{"dmesg", run_dmesg, ""},
    Command{"overlay", run_overlay, "status"},
    Command{"resource", run_resource, "list|status|drain|undrain|R"},
    Command{"shutdown", run_shutdown, ""},
    Command{"proxy", run_proxy, "URI [COMMAND [ARGS...]]"},
    Command{"version", run_version, ""},
};

void print(int fd, std::string_view text) {
    static_cast<void>(write_all(fd, text));
}

int help(int fd, int code) {
    std::string text =
        "muster-rehearsal: a stand-in for the Flux broker, for machines without Flux.\n"
        "It is no scheduler and keeps nothing. Usage:\n";
    for (const auto& command : commands)
        text += fmt::format("    muster-rehearsal {} {}\n", command.name, command.usage);
    print(fd, text);
    return code;
}

}  // namespace

Result<int> run_broker(const Invocation& call) {
    // Said first and whatever the log level: nobody shall take this for Flux.
    print(STDERR_FILENO, "muster-rehearsal: this is a rehearsal of a Flux broker, not Flux\n");
    ::signal(SIGPIPE, SIG_IGN);
    auto given = parse_broker_arguments(call.words);
    if (!given) {
        print(STDERR_FILENO, fmt::format("broker: {}\n", given.error().message));
        return 1;
    }
    auto& arguments = *given;
    if (const auto directory = call.environment.find("FLUX_CONF_DIR");
        arguments.config_path.empty() && directory != call.environment.end())
        arguments.config_path = directory->second;
    const auto hostname = choose_hostname(arguments.attributes, call.environment);
    BrokerLog log(hostname);
    auto setup = load_setup(arguments, hostname, MUSTER_VERSION);
    if (!setup) {
        log(Severity::crit, "broker", "{}", setup.error().message);
        return 1;
    }
    log.configure(setup->rank(), setup->log_mode, setup->log_level);
    const SystemClock clock;
    TRY_ASSIGN(auto reactor, Reactor::make(clock));
    Broker broker(reactor, log, std::move(*setup), call.environment, std::move(arguments.program));
    return broker.run();
}

Result<int> run_version(const Invocation&) {
    print(STDOUT_FILENO, "muster-rehearsal:\t" MUSTER_VERSION " (a rehearsal, not Flux)\n");
    return 0;
}

int run_program(const std::vector<std::string>& arguments, const Environment& environment) {
    if (arguments.empty()) return help(STDERR_FILENO, 1);
    const auto& wanted = arguments[0];
    if (wanted == "--help" || wanted == "-h" || wanted == "help") return help(STDOUT_FILENO, 0);
    if (wanted == "--version" || wanted == "-V") return *run_version({{}, environment});
    for (const auto& command : commands) {
        if (command.name != wanted) continue;
        const auto words = std::span(arguments).subspan(1);
        const auto code = command.run({words, environment});
        if (code) return *code;
        const bool usage = code.error().message.starts_with("unrecognized arguments");
        print(STDERR_FILENO,
              usage ? fmt::format("usage: flux {0} {1}\nflux {0}: error: {2}\n", wanted,
                                  command.usage, code.error().message)
                    : fmt::format("flux-{}: ERROR: {}\n", wanted, code.error().message));
        return usage ? 2 : 1;
    }
    print(STDERR_FILENO,
          fmt::format("flux: `{}' is not a flux command that the rehearsal knows.  See 'flux "
                      "--help'\n",
                      wanted));
    return 1;
}

}  // namespace muster::rehearsal
