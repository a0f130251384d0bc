// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string_view>

#include "muster/base/clock.hpp"
#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"
#include "muster/bootstrap/settings.hpp"
#include "muster/json.hpp"

namespace muster::commands {

/// The flags that the doctor's commands share, beside the settings.
struct DoctorFlags {
    bool as_json = false;
    std::chrono::milliseconds limit{};
};
bootstrap::ExtraFlag json_flag();
/// --for DURATION
bootstrap::ExtraFlag limit_flag(std::string_view meaning);

/// The settings of this pod's `muster run`: its flags and variables as PID 1 has them, then this
/// command's, which win.
struct OfThisPod {
    bootstrap::CommandLine line;
    Environment environment;
    bool names_directory = false;  ///< this command's own --dir or MUSTER_DIR, not the entrypoint's
};
/// `extra` are the command's own flags, which write to `target`. Words after the flags are in
/// line.command. Errors: usage.
Result<OfThisPod> settings_of_this_pod(std::span<const std::string> words,
                                       std::span<const bootstrap::ExtraFlag> extra, void* target);
/// The same for the doctor's commands, which take no words after the flags. Errors: usage.
Result<OfThisPod> ask_of_this_pod(std::span<const std::string> words,
                                  std::span<const bootstrap::ExtraFlag> extra, DoctorFlags& flags);

/// The socket of the broker to ask: of FLUX_URI, as flux has it, unless the command names a
/// directory; `asked.line.settings.dir` becomes its pod's. Errors: usage (a URI that is not
/// local://PATH).
Result<std::string> find_socket(OfThisPod& asked);

/// Says for how long answers have been awaited, and that it will be `limit` at most.
std::function<void(Duration)> waiting_teller(Duration limit);

/// Says in `object`, which a command prints with --json, why it has failed.
json::Value& add_error(json::Value& object, const Error& error);
/// What a command says that has ended: with --json an error also as an object on standard output.
Result<int> ended(std::string_view command, Result<int> outcome, bool as_json);

}  // namespace muster::commands
