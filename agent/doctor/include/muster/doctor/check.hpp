// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/curve.hpp"
#include "muster/doctor/broker.hpp"
#include "muster/doctor/diagnosis.hpp"
#include "muster/doctor/pod.hpp"

namespace muster::doctor {

struct CheckOptions {
    Duration gates = std::chrono::seconds(3);  ///< how long the gates may take to open
    Duration flux = std::chrono::seconds(10);  ///< for each question to the broker
    Depth depth = Depth::instance;
};

/// Walks identity, certificate, directory, name, address, listener, curve, broker, resources, up to
/// the first that fails. The gates lead to the parent; on the leader, once its broker is there, to
/// itself, by the name at which the others dial it. Verdicts come from the code that `muster run`
/// uses and from the broker, never from the pod's report alone.
Diagnosis check(const bootstrap::Settings& settings, const Environment& environment,
                const CheckOptions& options, const Clock& clock);

/// The gates' steps alone.
Result<std::vector<Step>> try_gates(const Pod& pod, const curve::KeyPair& keys, Duration wait,
                                    const Clock& clock);

}  // namespace muster::doctor
