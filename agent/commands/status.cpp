// SPDX-License-Identifier: Apache-2.0
// State of all ranks, by the broker and by each pod's report.
#include "muster/doctor/status.hpp"

#include <array>

#include "commands.hpp"
#include "doctor_flags.hpp"
#include "muster/log.hpp"

namespace muster::commands {
namespace {

Result<int> show(Words words, DoctorFlags& flags) {
    const std::array<bootstrap::ExtraFlag, 2> extra{
        json_flag(), limit_flag("how long to wait for brokers and pods [10s]")};
    TRY_ASSIGN(auto asked, ask_of_this_pod(words, extra, flags));
    if (asked.line.help) return print_help("status", extra);
    TRY_ASSIGN(auto socket, find_socket(asked));
    TRY_ASSIGN(auto pod, doctor::load_pod(asked.line.settings, asked.environment));
    pod.flux.socket = std::move(socket);
    log::configure("muster", log::Level::info);  // what load_pod() had to tell is told
    pod.flux.on_wait = waiting_teller(flags.limit);
    TRY_ASSIGN(const auto found, doctor::look_at_instance(pod, flags.limit, SystemClock()));
    const auto trouble = found.trouble(flags.limit);
    if (!flags.as_json) {
        TRY(print(doctor::format_status(found)));
        if (trouble) return tl::unexpected<Error>(*trouble);
        return 0;
    }
    auto object = doctor::to_json(found);
    if (trouble) add_error(object, *trouble);
    TRY(print(object.format(2) + "\n"));
    return trouble ? exit_code(trouble->kind) : 0;
}

}  // namespace

Result<int> status(Words words) {
    DoctorFlags flags{.limit = std::chrono::seconds(10)};
    auto outcome = show(words, flags);
    return ended("status", std::move(outcome), flags.as_json);
}

}  // namespace muster::commands
