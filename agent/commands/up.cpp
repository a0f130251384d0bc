// SPDX-License-Identifier: Apache-2.0
// The quick start: an instance on this machine. Every pod is a real `muster-init muster run`.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "commands.hpp"
#include "muster/base/own_program.hpp"
#include "muster/bootstrap/certificate.hpp"
#include "muster/bootstrap/execute.hpp"
#include "muster/bootstrap/facts.hpp"
#include "muster/local.hpp"
#include "muster/log.hpp"
#include "muster/timeline/watched.hpp"

namespace muster::commands {
namespace {

using bootstrap::CommandLine;
using bootstrap::Settings;

// Each pod has its own, from us.
constexpr std::array<std::string_view, 12> not_for_up{
    "name",      "rank",           "service", "namespace", "domain",         "hosts",
    "addresses", "ordinals-start", "bind",    "ip",        "leader-address", "dns"};

// What UpOptions carries; all other flags go to `muster run` as they are.
constexpr std::array<std::string_view, 9> taken_by_up{
    "size", "max-size", "min-size", "port", "flux", "mode", "flags", "grace", "dir"};

/// Flags of this command alone.
struct OwnFlags {
    std::optional<std::uint32_t> size;
    bool keep = false;
    bool verbose = false;
    std::optional<std::string> timeline;
};

Result<void> parse_size(void* target, std::string_view text) {
    std::uint32_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size() || size < 1 || size > 100'000)
        return fail(Kind::usage, "'{}' is not a number from 1 to 100000", text);
    static_cast<OwnFlags*>(target)->size = size;
    return {};
}

constexpr std::array<bootstrap::ExtraFlag, 4> own_flags{
    {{"brokers", 'n', true, "how many brokers; --size says the same", &parse_size},
     {"verbose", 'v', false, "show all that the pods log, not only warnings and errors",
      [](void* target, std::string_view) -> Result<void> {
          static_cast<OwnFlags*>(target)->verbose = true;
          return {};
      }},
     {"keep", 'k', false, "leave the instance's directory (in --dir, or a temporary one) behind",
      [](void* target, std::string_view) -> Result<void> {
          static_cast<OwnFlags*>(target)->keep = true;
          return {};
      }},
     {"timeline", 0, true,
      "write what each pod did when to this file: a picture (.html), or the data (.json)",
      [](void* target, std::string_view text) -> Result<void> {
          TRY(timeline::check_timeline_path(std::string(text)));
          static_cast<OwnFlags*>(target)->timeline = text;
          return {};
      }}}};

template <std::size_t size>
bool holds(const std::array<std::string_view, size>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The text that the user gave for a setting: the last flag, else the variable.
std::optional<std::string> given(const CommandLine& line, const Environment& environment,
                                 std::string_view name) {
    for (auto flag = line.flags.rbegin(); flag != line.flags.rend(); ++flag)
        if (flag->first == name) return flag->second;
    const auto variable = environment.find(bootstrap::variable_name(name));
    // A Service link's value is none (parse_command_line() ignored it too).
    if (variable == environment.end() || variable->second.empty() ||
        variable->second.find("://") != std::string::npos)
        return {};
    return variable->second;
}

Result<std::uint32_t> choose_size(const OwnFlags& own, const Settings& settings) {
    if (own.size && settings.size && *own.size != *settings.size)
        return fail(Kind::usage, "-n says {} brokers and --size (MUSTER_SIZE) {}: keep one",
                    *own.size, *settings.size);
    if (own.size) return *own.size;
    if (settings.size) return *settings.size;
    return fail(Kind::usage, "how many brokers? Give -n N");
}

void choose_flux(const std::optional<std::string>& wanted, local::UpOptions& options) {
    if (wanted) {
        const auto found = bootstrap::find_flux(*wanted);  // a directory may be given
        options.flux = found.empty() ? *wanted : found;
        return;
    }
    options.flux = bootstrap::find_program("flux");
    if (!options.flux.empty()) return;
    options.flux = "none";
    options.flux_reason = "no flux is in PATH";
}

/// The leader's plan, but for what only its pod knows. What every pod would refuse is refused here,
/// once.
Result<bootstrap::Plan> try_plan(Settings settings, const local::UpOptions& options) {
    const std::uint32_t most = options.max_size.value_or(options.size);
    if (most < options.size)
        return fail(
            Kind::usage,
            "-n {} is larger than max-size {}: raise --max-size (MUSTER_MAX_SIZE), or leave "
            "it out",
            options.size, most);
    if (settings.nodes.value_or(0) > options.size)
        return fail(Kind::usage,
                    "--nodes {} is larger than -n {}: no more brokers come, up starts them all",
                    *settings.nodes, options.size);
    settings.size = options.size;
    settings.max_size = most;
    settings.rank = 0;
    settings.hosts = most == 1 ? "up-0" : fmt::format("up-[0-{}]", most - 1);
    settings.flux = options.flux;
    settings.dir = "/tmp";
    settings.name = settings.service = settings.namespace_name = settings.domain = {};
    settings.addresses = settings.leader_address = {};
    settings.ordinals_start = {};
    TRY_ASSIGN(const auto facts, bootstrap::gather_facts(settings, options.command));
    TRY_ASSIGN(const auto plan, bootstrap::make_plan(settings, options.command, facts));
    TRY(bootstrap::check_programs(settings, facts, plan));
    if (settings.cert || settings.secret) TRY(bootstrap::obtain_certificate(settings, plan));
    return plan;
}

auto timeline_writer(const std::string& path, const std::string& flux) {
    return [path, flux](std::span<const local::PodTimes> pods, int code) -> Result<void> {
        const SystemClock clock;
        const auto more = json::Value::object()
                              .set("flux", json::Value::string(flux))
                              .set("code", json::Value::integer(code));
        const auto records = timeline::watched(pods, clock);
        const auto drawn = timeline::assemble(records, clock.wall());
        return within("timeline", timeline::write_timeline(path, drawn, records, more));
    };
}

Result<local::UpOptions> make_options(const CommandLine& line, const OwnFlags& own,
                                      const Environment& environment) {
    const Settings& settings = line.settings;
    local::UpOptions options;
    TRY_ASSIGN(options.size, choose_size(own, settings));
    options.max_size = settings.max_size;
    options.min_size = settings.min_size;
    if (given(line, environment, "port")) options.port = settings.port;
    choose_flux(given(line, environment, "flux"), options);
    options.mode = given(line, environment, "mode").value_or("submit");
    options.flags = given(line, environment, "flags").value_or("");
    if (given(line, environment, "grace")) options.grace = settings.grace;
    options.has_certificate = settings.cert || settings.secret;
    options.command = line.command;
    options.keep = own.keep;
    if (own.timeline) options.on_end = timeline_writer(*own.timeline, options.flux);
    options.logs = own.verbose ? local::Logs::all : local::Logs::warnings;
    options.muster = own_program();
    options.muster_init = bootstrap::find_own_program("muster-init");
    for (const auto& [name, text] : line.flags) {
        if (!is_for_up(name))
            return fail(Kind::usage, "--{} is not for up, which gives each pod its own", name);
        if (name == "dir") options.directory = text;
        if (!holds(taken_by_up, name))
            options.run_flags.push_back(fmt::format("--{}={}", name, text));
    }
    return options;
}

/// What --help says below the settings.
std::string help_note() {
    std::string variables;
    for (const auto name : not_for_up) variables += bootstrap::variable_name(name) + ", ";
    return fmt::format(
        "\nEach pod gets a name, an address and a directory of its own: {}\nand {} are not looked "
        "at, for they may be those of a pod around `up`; --dir is the directory that\nholds the "
        "pods' directories. The program's standard input is empty. On a terminal each line of its "
        "output\nbegins with its task's rank, \"[0] \"; elsewhere it is left as it is. Without CMD "
        "the instance is\nthere until Ctrl-C, and the FLUX_URI that reaches it is printed.\n",
        variables.substr(0, variables.size() - 2), bootstrap::variable_name("dir"));
}

}  // namespace

bool is_for_up(std::string_view setting) {
    return !holds(not_for_up, setting);
}

Result<int> up(Words words) {
    OwnFlags own;
    const auto environment = muster::environment();
    TRY_ASSIGN(const auto line, bootstrap::parse_command_line(words, environment, own_flags, &own));
    if (line.help) return print_help("up", own_flags, help_note());
    TRY_ASSIGN(auto options, make_options(line, own, environment));
    TRY_ASSIGN(const auto plan, try_plan(line.settings, options));
    options.runs_program = plan.runs_program;
    return local::up(options);
}

}  // namespace muster::commands
