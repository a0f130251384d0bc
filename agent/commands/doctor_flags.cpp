// SPDX-License-Identifier: Apache-2.0
#include "doctor_flags.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "commands.hpp"
#include "muster/bootstrap/duration.hpp"
#include "muster/bootstrap/plan.hpp"
#include "muster/doctor/pod.hpp"
#include "muster/log.hpp"

namespace muster::commands {

bootstrap::ExtraFlag json_flag() {
    return {"json", 0, false, "print one JSON object",
            [](void* target, std::string_view) -> Result<void> {
                static_cast<DoctorFlags*>(target)->as_json = true;
                return {};
            }};
}

bootstrap::ExtraFlag limit_flag(std::string_view meaning) {
    return {"for", 0, true, meaning, [](void* target, std::string_view text) -> Result<void> {
                TRY_ASSIGN(static_cast<DoctorFlags*>(target)->limit,
                           bootstrap::parse_bounded_duration(text));
                return {};
            }};
}

Result<OfThisPod> settings_of_this_pod(std::span<const std::string> words,
                                       std::span<const bootstrap::ExtraFlag> extra, void* target) {
    const auto entrypoint = doctor::read_entrypoint();
    OfThisPod asked;
    const auto own = environment();
    asked.environment = doctor::environment_over(entrypoint, own);
    TRY_ASSIGN(asked.line, bootstrap::parse_command_line(doctor::words_over(entrypoint, words),
                                                         asked.environment, extra, target));
    const auto& flags = asked.line.flags;  // the entrypoint's come first
    asked.names_directory =
        own.contains("MUSTER_DIR") ||
        std::any_of(flags.begin() + static_cast<std::ptrdiff_t>(entrypoint.words.size()),
                    flags.end(), [](const auto& flag) { return flag.first == "dir"; });
    return asked;
}

Result<std::string> find_socket(OfThisPod& asked) {
    constexpr std::string_view scheme = "local://";
    auto& dir = asked.line.settings.dir;
    const auto variable = asked.environment.find("FLUX_URI");
    if (asked.names_directory || variable == asked.environment.end() || variable->second.empty())
        return bootstrap::Paths(dir).socket;
    const auto& uri = variable->second;
    if (!uri.starts_with(scheme))
        return fail(Kind::usage,
                    "FLUX_URI is '{}', and only a broker of this machine (local://PATH) can be "
                    "asked: set it to that, or name a pod's directory with --dir",
                    uri);
    auto socket = uri.substr(scheme.size());
    dir = socket.substr(0, socket.rfind('/'));
    if (bootstrap::Paths(dir.substr(0, dir.rfind('/'))).socket == socket)
        dir.resize(dir.rfind('/'));
    return socket;
}

std::function<void(Duration)> waiting_teller(Duration limit) {
    return [limit](Duration waited) {
        using Seconds = std::chrono::duration<double>;
        log::info("waiting since {:.3g} s for brokers that have not answered, {:.3g} s at most "
                  "(--for)",
                  Seconds(waited).count(), Seconds(limit).count());
    };
}

Result<OfThisPod> ask_of_this_pod(std::span<const std::string> words,
                                  std::span<const bootstrap::ExtraFlag> extra, DoctorFlags& flags) {
    TRY_ASSIGN(auto asked, settings_of_this_pod(words, extra, &flags));
    if (!asked.line.command.empty())
        return fail(Kind::usage, "'{}' is no flag: see --help", asked.line.command.front());
    // Where the user has no passwd entry, Flux 0.88's uptime crashes: no core of it into the pod.
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    // Detection's notes are for the pod's log; here standard error is a person's terminal.
    log::configure("muster", log::Level::error);
    return asked;
}

json::Value& add_error(json::Value& object, const Error& error) {
    return object.set("error", json::Value::string(error.message))
        .set("code", json::Value::integer(exit_code(error.kind)));
}

Result<int> ended(std::string_view command, Result<int> outcome, bool as_json) {
    if (outcome || !as_json) return outcome;
    auto object = json::Value::object();
    object.set("command", json::Value::string(command));
    TRY(print(add_error(object, outcome.error()).format(2) + "\n"));
    return outcome;
}

}  // namespace muster::commands
