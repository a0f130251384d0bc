// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/bootstrap/plan.hpp"
#include "muster/curve.hpp"

namespace muster::bootstrap {

/// Makes the plan's directories and files: curve.cert (0600), broker.toml, R.json, each whole or
/// not at all; removes what an earlier life of the pod has left (status, leaving mark). The same
/// plan leaves the same bytes. Errors: io, naming the path and the mend.
Result<void> write_plan(const Plan& plan, const curve::Certificate& certificate);

/// Writes broker.toml anew, after a change of the plan. Errors: as write_plan().
Result<void> write_broker_toml(const Plan& plan);

}  // namespace muster::bootstrap
