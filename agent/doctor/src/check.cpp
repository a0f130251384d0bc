// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/check.hpp"

#include "muster/base/fd.hpp"
#include "muster/bootstrap/certificate.hpp"
#include "muster/bootstrap/execute.hpp"
#include "muster/bootstrap/handshakes.hpp"
#include "muster/curve.hpp"
#include "muster/discovery/reach.hpp"
#include "muster/resources.hpp"

namespace muster::doctor {
namespace {

/// Whom the gates lead to: the parent, or on the leader its own name.
bootstrap::Parent target_of(const Pod& pod) {
    if (pod.plan.parent) return *pod.plan.parent;
    const auto& identity = pod.plan.identity;
    return {.rank = identity.rank,
            .host = identity.host(),
            .name = discovery::whole_name(identity.dial_name(identity.rank), pod.facts.pod,
                                          pod.plan.family),
            .port = pod.settings.port};
}

/// The certificate that the broker was given, against the one that it would be given now.
std::optional<std::string> changed_certificate(const Pod& pod, const curve::Certificate& now) {
    // Of an instance of one broker the key is made for each occasion.
    const bool is_known = pod.settings.cert || pod.settings.secret;
    if (!pod.plan.certificate_is_ours || !is_known) return {};
    const auto used = curve::read(pod.plan.paths.curve_cert);
    if (!used || used->keys.public_key == now.keys.public_key) return {};
    return fmt::format(
        "the broker of this pod was started with key {}, the certificate has key {} now: restart "
        "all pods of the instance together",
        curve::fingerprint(used->keys.public_key), curve::fingerprint(now.keys.public_key));
}

Step certificate_step(const Pod& pod, const curve::Certificate& certificate) {
    const auto from = !pod.plan.certificate_is_ours ? pod.plan.certificate
                      : pod.settings.cert           ? *pod.settings.cert
                      : pod.settings.secret
                          ? fmt::format("derived from {}", *pod.settings.secret)
                          : std::string("none is needed by an instance of one broker");
    if (pod.plan.identity.max_size == 1 && !pod.settings.cert && !pod.settings.secret)
        return {"certificate", from, {}, {}};
    return {"certificate",
            fmt::format("{}, key {}", from, curve::fingerprint(certificate.keys.public_key)),
            {},
            {}};
}

Step identity_step(const Pod& pod) {
    const auto& identity = pod.plan.identity;
    auto text = fmt::format("rank {} of {}, host {}, from {}", identity.rank, identity.max_size,
                            identity.host(), discovery::format(identity.platform));
    if (pod.plan.parent)
        text += fmt::format("; its parent is rank {} ({})", pod.plan.parent->rank,
                            pod.plan.parent->host);
    return {"identity", std::move(text), {}, {}};
}

/// What this pod may use, whatever the settings say that R should say.
Result<resources::Shape> own_shape(const Pod& pod, bool given) {
    if (!given) return pod.facts.shape;
    TRY_ASSIGN(const auto detected, resources::detect());
    return detected.shape;
}

class Walk {
  public:
    Walk(const Pod& pod, const CheckOptions& options, const Clock& clock, Diagnosis& diagnosis)
        : pod_(pod), options_(options), clock_(clock), diagnosis_(diagnosis) {}

    /// Stops at the first step that fails.
    void run() {
        add(identity_step(pod_));
        const auto certificate = bootstrap::obtain_certificate(pod_.settings, pod_.plan);
        if (!certificate) {
            add({"certificate", {}, certificate.error(), {}});
            return;
        }
        add(certificate_step(pod_, *certificate));
        if (auto changed = changed_certificate(pod_, *certificate))
            diagnosis_.notes.push_back(std::move(*changed));
        // A broker that runs needs no more room for its start.
        auto directory = look_at_directory(pod_.plan.paths);
        const bool needed =
            look_at_socket(pod_.flux.socket).state != Socket::State::open || directory.passed();
        if (needed && !add(std::move(directory))) return;
        if (pod_.plan.parent && !add_gates(certificate->keys)) return;
        auto view =
            look_at_broker(pod_.flux, pod_.plan.paths, options_.depth, options_.flux, clock_);
        view.parent_reached = pod_.plan.parent.has_value();  // or it had ended at its gates
        for (auto& note : notes_on_others(view, pod_.plan))
            diagnosis_.notes.push_back(std::move(note));
        const bool leader_listens = !pod_.plan.parent && pod_.plan.listens;
        if (leader_listens && view.uptime && !view.uptime->ending() &&
            view.uptime->state != "load-builtins" && !add_gates(certificate->keys))
            return;
        if (const auto missing = what_a_run_would_miss(view); missing) {
            add({"broker", {}, *missing, {}});
            return;
        }
        if (!add(judge_broker(view, pod_.plan)) || options_.depth != Depth::instance) return;
        if (!view.uptime || !view.uptime->online()) return;
        const auto& settings = pod_.settings;
        const bool given = settings.resources || settings.cores || settings.gpus;
        const auto shape = own_shape(pod_, given);
        if (!shape)
            add({"resources", {}, shape.error(), {}});
        else
            add(judge_resources(view, pod_.plan.identity.rank, *shape, given));
    }

  private:
    /// Where no run has left anything yet: what the next one would end with.
    std::optional<Error> what_a_run_would_miss(const BrokerView& view) const {
        if (view.planned || view.run_failed || view.socket.state != Socket::State::absent)
            return {};
        const auto found = bootstrap::check_programs(pod_.settings, pod_.facts, pod_.plan);
        return found ? std::nullopt : std::optional(found.error());
    }
    bool add(Step step) {
        diagnosis_.steps.push_back(std::move(step));
        return diagnosis_.steps.back().passed();
    }
    bool add_gates(const curve::KeyPair& keys) {
        auto steps = try_gates(pod_, keys, options_.gates, clock_);
        if (!steps) return add({"name", {}, steps.error(), {}});
        for (auto& step : *steps)
            if (!add(std::move(step))) return false;
        return true;
    }

    const Pod& pod_;
    const CheckOptions& options_;
    const Clock& clock_;
    Diagnosis& diagnosis_;
};

}  // namespace

Result<std::vector<Step>> try_gates(const Pod& pod, const curve::KeyPair& keys, Duration wait,
                                    const Clock& clock) {
    const auto target = target_of(pod);
    const auto peer = fmt::format("rank {} ({})", target.rank, target.host);
    TRY_ASSIGN(const auto verdict,
               discovery::pass_gates({.peer = peer,
                                      .name = target.name,
                                      .port = target.port,
                                      .family = pod.plan.family,
                                      .wait = wait,
                                      .size = pod.plan.identity.max_size,
                                      .say_waiting = false,
                                      .platform = pod.plan.identity.platform,
                                      .doubts = pod.plan.identity.doubts},
                                     bootstrap::make_handshakes(keys), pod.settings.dns, clock));
    if (verdict) return gate_steps(*verdict, nullptr, peer);
    return gate_steps(verdict.error().so_far, &verdict.error(), peer);
}

Diagnosis check(const bootstrap::Settings& settings, const Environment& environment,
                const CheckOptions& options, const Clock& clock) {
    Diagnosis diagnosis;
    const auto pod = load_pod(settings, environment);
    if (!pod) {
        diagnosis.steps.push_back({"identity", {}, pod.error(), {}});
        return diagnosis;
    }
    if (const auto ours = check_whose_directory(*pod); !ours) {
        diagnosis.steps.push_back({"identity", {}, ours.error(), {}});
        return diagnosis;
    }
    diagnosis.rank = pod->plan.identity.rank;
    diagnosis.size = pod->plan.identity.max_size;
    diagnosis.host = pod->plan.identity.host();
    Walk(*pod, options, clock, diagnosis).run();
    return diagnosis;
}

}  // namespace muster::doctor
