// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "muster/base/clock.hpp"
#include "muster/base/environment.hpp"
#include "muster/bootstrap/settings.hpp"
#include "muster/doctor/broker.hpp"

namespace muster::doctor {

/// What kubelet asks (Kubernetes, "Liveness, Readiness, and Startup Probes").
enum class Probe {
    startup,  ///< the broker has joined its instance
    ready,    ///< it is part of an instance that has not begun to end
    live      ///< nothing that a restart of the pod would mend
};
Result<Probe> parse_probe(std::string_view name);
std::string_view format(Probe probe);

struct ProbeOutcome {
    std::optional<Error> error;  ///< none: passed
    std::string text;            ///< of one that passed

    bool passed() const { return !error.has_value(); }
};

/// Startup and ready: a verdict from the broker's state alone; nothing when that does not decide,
/// and the reason has to be looked for. Pure.
std::optional<ProbeOutcome> judge_probe(Probe probe, const BrokerView& view);

/// Asks within `limit`, and where a probe fails says what check() would find, as far as there is
/// time for it. `live` passes while the pod waits for its parent, while muster-init restarts the
/// broker, and while broker or machine are merely busy.
ProbeOutcome probe(Probe probe, const bootstrap::Settings& settings, const Environment& environment,
                   Duration limit, const Clock& clock);

}  // namespace muster::doctor
