// SPDX-License-Identifier: Apache-2.0
// Names, addresses and reachability of all ranks, as this pod sees them.
#include "muster/doctor/peers.hpp"

#include <sys/prctl.h>

#include <array>

#include "commands.hpp"
#include "doctor_flags.hpp"
#include "muster/bootstrap/certificate.hpp"
#include "muster/doctor/broker.hpp"

namespace muster::commands {

namespace {

Result<int> show_peers(Words words, DoctorFlags& flags) {
    const std::array<bootstrap::ExtraFlag, 2> extra{
        json_flag(), limit_flag("how long to try to reach each rank [3s]")};
    TRY_ASSIGN(const auto asked, ask_of_this_pod(words, extra, flags));
    if (asked.line.help) return print_help("peers", extra);
    ::prctl(PR_SET_DUMPABLE, 0);  // it will hold the secret key: no core dump of it
    const SystemClock clock;
    TRY_ASSIGN(const auto pod, doctor::load_pod(asked.line.settings, asked.environment));
    TRY(doctor::check_whose_directory(pod));
    // Nobody is to be dialled then: whether the instance is there, only its broker can say.
    if (pod.plan.identity.max_size == 1) TRY(doctor::check_broker_listens(pod.flux, pod.plan));
    TRY_ASSIGN(const auto certificate, bootstrap::obtain_certificate(pod.settings, pod.plan));
    TRY_ASSIGN(const auto peers, doctor::peers_of(pod));
    TRY_ASSIGN(auto outcomes, doctor::try_peers(pod, peers, certificate.keys, flags.limit, clock));
    std::vector<doctor::OverlayNode> overlay;
    if (doctor::look_at_socket(pod.flux.socket).state == doctor::Socket::State::open) {
        const auto answer = doctor::ask(pod.flux, doctor::Command{"overlay", "status"},
                                        std::chrono::seconds(5), clock);
        if (answer.ok()) overlay = doctor::parse_overlay(answer.out).value_or(overlay);
    }
    doctor::heed_brokers(peers, outcomes, overlay);
    const auto size = pod.plan.identity.size;
    TRY(print(flags.as_json ? doctor::peers_to_json(peers, outcomes, overlay, size).format(2) + "\n"
                            : doctor::format_peers(peers, outcomes, overlay, size)));
    return doctor::peers_exit_code(outcomes, size);
}

}  // namespace

Result<int> peers(Words words) {
    DoctorFlags flags{.limit = std::chrono::seconds(3)};
    auto outcome = show_peers(words, flags);
    return ended("peers", std::move(outcome), flags.as_json);
}

}  // namespace muster::commands
