// SPDX-License-Identifier: Apache-2.0
// The pod's entrypoint: identify, plan, write, reach, exec (design, section 1).
#include <sys/prctl.h>

#include <algorithm>

#include "commands.hpp"
#include "muster/bootstrap/certificate.hpp"
#include "muster/bootstrap/execute.hpp"
#include "muster/bootstrap/facts.hpp"
#include "muster/bootstrap/handshakes.hpp"
#include "muster/bootstrap/parent_address.hpp"
#include "muster/bootstrap/report.hpp"
#include "muster/bootstrap/write.hpp"
#include "muster/discovery/reach.hpp"
#include "muster/doctor/flux.hpp"
#include "muster/log.hpp"
#include "termination.hpp"

namespace muster::commands {
namespace {

void configure_log(const bootstrap::Settings& settings) {
    using log::Level;
    const auto& name = settings.log_level;
    log::configure("muster", name == "debug"     ? Level::debug
                             : name == "warning" ? Level::warning
                             : name == "error"   ? Level::error
                                                 : Level::info);
}

using bootstrap::Phase;

/// A broker whose files are written anew can neither restart nor be reached any more. One that has
/// died does not listen, whatever it left behind. Errors: config.
Result<void> check_nobody_lives_in(const bootstrap::Paths& paths) {
    const auto socket = doctor::look_at_socket(paths.socket);
    if (socket.state != doctor::Socket::State::open) return {};
    return fail(Kind::config,
                "a broker lives in {} already{}: end it, or give this pod a directory of its own "
                "with --dir (MUSTER_DIR)",
                paths.dir,
                socket.listener ? fmt::format(" (process {})", *socket.listener) : std::string());
}

/// That it cannot be written is no reason to stop; the directory is made by write_plan() only.
void leave_report(const bootstrap::Paths& paths, const bootstrap::Report& report) {
    if (const auto written = bootstrap::write_report(paths.report, report); !written)
        log::debug("report: {}", written.error().message);
}

/// Gives the broker its parent's address where its own look-up of the name would go wrong.
Result<void> spare_look_up(const bootstrap::Settings& settings, bootstrap::Plan& plan,
                           const discovery::Passage& passage) {
    // The broker cannot be told to ask the servers of --dns.
    const auto reason = passage.connect_by_address.empty() && !settings.dns.empty()
                            ? std::string("its own look-up would not ask --dns")
                            : passage.connect_by_address;
    if (reason.empty()) return {};
    TRY_ASSIGN(const bool is_changed, bootstrap::connect_by_address(plan, passage.address));
    if (!is_changed) return {};
    log::info("the broker connects to {} by its address {}: {}", plan.parent->name, passage.address,
              reason);
    return bootstrap::write_broker_toml(plan);
}

Result<void> reach_parent(const bootstrap::Settings& settings, bootstrap::Plan& plan,
                          const curve::KeyPair& keys, bootstrap::Report& report) {
    if (!plan.parent) return {};
    const auto& parent = *plan.parent;
    discovery::Passage trace;
    const auto result =
        discovery::reach({.peer = fmt::format("rank {} ({})", parent.rank, parent.host),
                          .name = parent.name,
                          .port = parent.port,
                          .family = plan.family,
                          .wait = settings.wait,
                          .size = plan.identity.max_size,
                          .platform = plan.identity.platform,
                          .doubts = plan.identity.doubts,
                          .bind = plan.bind},
                         bootstrap::make_handshakes(keys), settings.dns, SystemClock(), &trace);
    report.pass_gates(std::move(trace));
    if (!result) return tl::unexpected<Error>(result.error());
    const auto& reached = *result;
    log::debug("reached rank {} at {} in {} ms", parent.rank, reached.address,
               std::chrono::duration_cast<std::chrono::milliseconds>(reached.took).count());
    return spare_look_up(settings, plan, reached);
}

/// Everything up to the exec; returns only with an error.
Error become_broker(const bootstrap::CommandLine& line, const Environment& environment,
                    bootstrap::Report& report) {
    const SystemClock clock;
    const auto enter = [&](Phase phase) { report.enter(phase, bootstrap::moment(clock)); };
    const auto attempt = [&]() -> Result<void> {
        const auto role_pipe = bootstrap::take_role_pipe(environment);
        if (role_pipe) report.lives.supervisor = bootstrap::supervisor_of_this_process();
        TRY_ASSIGN(const auto facts, bootstrap::gather_facts(line.settings, line.command));
        enter(Phase::plan);
        TRY_ASSIGN(auto plan, bootstrap::make_plan(line.settings, line.command, facts));
        report.describe(plan, facts);
        TRY(bootstrap::check_programs(line.settings, facts, plan));
        enter(Phase::write);
        // From here on this process holds the secret key: no core dump of it. The exec makes the
        // broker dumpable again.
        ::prctl(PR_SET_DUMPABLE, 0);
        TRY_ASSIGN(const auto certificate, bootstrap::obtain_certificate(line.settings, plan));
        report.key = curve::fingerprint(certificate.keys.public_key);
        for (const auto& note : plan.notes) log::info("{}", note);
        TRY(check_nobody_lives_in(plan.paths));
        TRY_ASSIGN(const auto claimed, bootstrap::write_plan(plan, certificate));
        log::info("{}rank {} of {}, host {}, key {}", facts.rehearsal ? "rehearsal: " : "",
                  plan.identity.rank, plan.identity.max_size, plan.identity.host(), report.key);
        if (plan.parent) enter(Phase::name);
        TRY(reach_parent(line.settings, plan, certificate.keys, report));
        TRY(check_nobody_lives_in(plan.paths));  // nor has come to, meanwhile
        enter(Phase::exec);
        leave_report(plan.paths, report);
        return tl::unexpected<Error>(bootstrap::execute_broker(plan, environment, role_pipe));
    };
    return attempt().error();
}

}  // namespace

Result<int> run(Words words) {
    const auto environment = muster::environment();
    auto report = bootstrap::begin_report(MUSTER_VERSION, SystemClock());
    auto line = bootstrap::parse_command_line(words, environment);
    if (line && line->help) return print_help("run", {});
    if (line) {
        configure_log(line->settings);
        for (const auto& warning : line->warnings) log::warning("{}", warning);
        for (const auto& link : line->links) log::debug("{}", link);
    }
    Error error = line ? become_broker(*line, environment, report) : std::move(line.error());
    write_termination_message(
        fmt::format("muster: {} (exit code {})", error.message, exit_code(error.kind)));
    if (line) {
        report.leave(bootstrap::moment(SystemClock()));
        report.error = error;
        const bootstrap::Paths paths(line->settings.dir);
        const auto claimed = bootstrap::claim(paths.dir);
        if (claimed && check_nobody_lives_in(paths)) leave_report(paths, report);
    }
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace muster::commands
