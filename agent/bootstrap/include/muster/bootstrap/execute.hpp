// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "muster/base/fd.hpp"
#include "muster/bootstrap/plan.hpp"

namespace muster::bootstrap {

/// muster-init's role pipe, from MUSTER_INIT_FD; none when we were not started by muster-init. Made
/// close-on-exec.
std::optional<Fd> take_role_pipe(const Environment& environment);

/// That the broker, and the shim where the plan runs a program, can be executed, and that what the
/// leader is to restore is there; asked before anything is written. Errors: no_program,
/// not_executable, io, each with the mend.
Result<void> check_programs(const Settings& settings, const LocalFacts& facts, const Plan& plan);

/// Tells muster-init the role and becomes the broker. The broker's environment is ours without
/// MUSTER_* and with the plan's variables. Returns only on failure. Errors: no_program,
/// not_executable.
Error execute_broker(const Plan& plan, const Environment& environment,
                     const std::optional<Fd>& role_pipe);

}  // namespace muster::bootstrap
