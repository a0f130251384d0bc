// SPDX-License-Identifier: Apache-2.0
// The doctor: what keeps this pod from taking part in its instance.
#include "muster/doctor/check.hpp"

#include <sys/prctl.h>

#include <array>

#include "commands.hpp"
#include "doctor_flags.hpp"

namespace muster::commands {
namespace {

Result<int> examine(Words words, DoctorFlags& flags) {
    const std::array<bootstrap::ExtraFlag, 2> extra{
        json_flag(), limit_flag("how long to try to reach the parent [3s]")};
    TRY_ASSIGN(const auto asked, ask_of_this_pod(words, extra, flags));
    if (asked.line.help) return print_help("check", extra);
    ::prctl(PR_SET_DUMPABLE, 0);  // it will hold the secret key: no core dump of it
    const auto found = doctor::check(asked.line.settings, asked.environment, {.gates = flags.limit},
                                     SystemClock());
    TRY(print(flags.as_json ? doctor::to_json(found).format(2) + "\n"
                            : doctor::format_diagnosis(found)));
    return found.exit_code();
}

}  // namespace

Result<int> check(Words words) {
    DoctorFlags flags{.limit = std::chrono::seconds(3)};
    auto outcome = examine(words, flags);
    return ended("check", std::move(outcome), flags.as_json);
}

}  // namespace muster::commands
