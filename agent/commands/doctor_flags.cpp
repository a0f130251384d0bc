// SPDX-License-Identifier: Apache-2.0
#include "doctor_flags.hpp"

#include <sys/resource.h>

#include "commands.hpp"
#include "muster/bootstrap/duration.hpp"
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
    asked.environment = doctor::environment_over(entrypoint, environment());
    TRY_ASSIGN(asked.line, bootstrap::parse_command_line(doctor::words_over(entrypoint, words),
                                                         asked.environment, extra, target));
    return asked;
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
