// SPDX-License-Identifier: Apache-2.0
// State of all ranks, by the broker and by each pod's report.
#include "muster/doctor/status.hpp"

#include <array>

#include "commands.hpp"
#include "doctor_flags.hpp"

namespace muster::commands {

Result<int> status(Words words) {
    DoctorFlags flags{.limit = std::chrono::seconds(10)};
    const std::array<bootstrap::ExtraFlag, 2> extra{
        json_flag(), limit_flag("how long to wait for brokers and pods [10s]")};
    TRY_ASSIGN(const auto asked, ask_of_this_pod(words, extra, flags));
    if (asked.line.help) return print_help("status", extra);
    TRY_ASSIGN(const auto pod, doctor::load_pod(asked.line.settings, asked.environment));
    TRY_ASSIGN(const auto found, doctor::look_at_instance(pod, flags.limit, SystemClock()));
    TRY(print(flags.as_json ? doctor::to_json(found).format(2) + "\n"
                            : doctor::format_status(found)));
    return 0;
}

}  // namespace muster::commands
