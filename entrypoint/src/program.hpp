// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include "args.hpp"

namespace muster::init {

/// `muster-init program`: runs the leader's program inside the broker. Flux asks it to end with
/// SIGHUP and then waits without limit; so SIGHUP (and SIGTERM) becomes SIGTERM for all of the
/// program's processes and, after a third of the grace, SIGKILL. Other signals are forwarded:
/// SIGINT and SIGQUIT to the program's process group, as a terminal would, the rest to the program.
/// Records the program's end in `options.status` and ends with its code, or 128 + signal.
int run_program(const Options& options, const sigset_t& mask);

}  // namespace muster::init
