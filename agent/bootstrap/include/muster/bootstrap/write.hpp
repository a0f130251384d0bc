// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/base/fd.hpp"
#include "muster/bootstrap/plan.hpp"
#include "muster/curve.hpp"

namespace muster::bootstrap {

/// A pod's directory is one `muster run`'s for as long as this is open, until it becomes the broker
/// or ends, however it ends: a lock on the directory itself. A broker's is told by its socket.
/// Empty where there is no such directory, or no such lock. Errors: config (another's).
Result<Fd> claim(const std::string& directory);

/// Claims the directory and makes the plan's directories and files: curve.cert (0600), broker.toml, R.json, each whole or
/// not at all; removes what an earlier life of the pod has left (status, leaving mark). The same
/// plan leaves the same bytes. Errors: claim()'s; io, naming the path and the mend.
Result<Fd> write_plan(const Plan& plan, const curve::Certificate& certificate);

/// Writes broker.toml anew, after a change of the plan. Errors: as write_plan().
Result<void> write_broker_toml(const Plan& plan);

}  // namespace muster::bootstrap
