// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/probe.hpp"

#include <algorithm>
#include <array>

#include "muster/bootstrap/certificate.hpp"
#include "muster/doctor/check.hpp"
#include "muster/doctor/pod.hpp"
#include "muster/doctor/process.hpp"

namespace muster::doctor {
namespace {

constexpr std::array<std::string_view, 3> names{"startup", "ready", "live"};

/// The gates get what the broker's answer has left.
constexpr Duration least_for_gates = std::chrono::milliseconds(100);

ProbeOutcome passed(std::string text) {
    return {{}, std::move(text)};
}

ProbeOutcome failed(const Step& step) {
    return {Error{step.error->kind, fmt::format("{}: {}", step.name, step.error->message)}, {}};
}

/// Why it is not in its instance: the gate that stays shut, else the broker's own state.
ProbeOutcome look_for_reason(const Pod& pod, BrokerView view, Deadline deadline,
                             const Clock& clock) {
    // A broker that answers for itself only, not with its state, is beyond its parent's gates.
    const bool before_join = view.uptime ? !view.uptime->joined() : !view.alive;
    if (view.socket.state != Socket::State::open)
        if (const auto step = look_at_directory(pod.plan.paths); !step.passed())
            return failed(step);
    const auto left = deadline.left(clock.now());
    if (pod.plan.parent && before_join && left >= least_for_gates) {
        const auto certificate = bootstrap::obtain_certificate(pod.settings, pod.plan);
        if (!certificate) return failed({"certificate", {}, certificate.error(), {}});
        const auto steps = try_gates(pod, certificate->keys, left, clock);
        if (!steps) return failed({"name", {}, steps.error(), {}});
        for (const auto& step : *steps)
            if (!step.passed()) return failed(step);
        view.parent_reached = true;
    }
    const auto step = judge_broker(view, pod.plan);
    if (!step.passed()) return failed(step);
    return {Error{Kind::unavailable, fmt::format("{}: {}", step.name, step.text)}, {}};
}

ProbeOutcome probe_life(const Flux& flux, Duration limit, const Clock& clock) {
    const auto socket = look_at_socket(flux.socket);
    if (socket.state != Socket::State::open)
        return passed(
            "no broker yet, or muster-init starts it anew: nothing to restart the pod for");
    const auto look = [&] {
        return socket.listener ? look_at_process(*socket.listener) : ProcessLook{};
    };
    const auto before = look();
    // Answered by the broker itself: no leader that hangs can kill its followers' pods.
    const Command question{"getattr", "rank"};
    const auto answer = ask(flux, question, limit, clock);
    if (answer.outcome == Answer::Outcome::ended)
        return passed(answer.ok() ? "the broker answers" : answer.complaint(question, limit));
    if (answer.outcome == Answer::Outcome::not_started)
        return passed(fmt::format("flux could not be asked: {}", answer.err));
    // A machine so busy that the question has not left says nothing against the broker.
    if (answer.at_work || !seems_hung(before, look())) return passed("the broker is busy");
    return {Error{Kind::unavailable,
                  fmt::format("broker: process {} hangs or is stopped: {}, and it used no CPU "
                              "time meanwhile",
                              *socket.listener, answer.complaint(question, limit))},
            {}};
}

}  // namespace

Result<Probe> parse_probe(std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end())
        return fail(Kind::usage, "'{}' is none of startup, ready, live", name);
    return static_cast<Probe>(found - names.begin());
}

std::string_view format(Probe probe) {
    return names.at(static_cast<std::size_t>(probe));
}

std::optional<ProbeOutcome> judge_probe(Probe probe, const BrokerView& view) {
    // Only a broker in run asks its leader before it tells its state.
    if (!view.uptime && view.alive && probe == Probe::startup)
        return passed("the broker has joined; its leader does not answer");
    if (!view.uptime) return {};
    const auto& uptime = *view.uptime;
    const bool good = probe == Probe::startup ? uptime.joined() : uptime.online();
    if (good) return passed(fmt::format("{} for {}", uptime.state, uptime.since));
    return {};
}

ProbeOutcome probe(Probe probe, const bootstrap::Settings& settings, const Environment& environment,
                   Duration limit, const Clock& clock) {
    const auto deadline = Deadline::after(clock, limit);
    const auto pod = load_pod(settings, environment);
    if (probe == Probe::live) {
        // A pod that cannot know itself has ended already, or is about to.
        if (!pod) return passed(pod.error().message);
        return probe_life(pod->flux, deadline.left(clock.now()), clock);
    }
    if (!pod) return failed({"identity", {}, pod.error(), {}});
    auto view = look_at_broker(pod->flux, pod->plan.paths, Depth::state, limit * 3 / 4, clock);
    if (auto outcome = judge_probe(probe, view)) return std::move(*outcome);
    return look_for_reason(*pod, std::move(view), deadline, clock);
}

}  // namespace muster::doctor
