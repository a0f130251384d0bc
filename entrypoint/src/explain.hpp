// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "decide.hpp"
#include "relay.hpp"
#include "role.hpp"
#include "spawn.hpp"

namespace muster::init {

/// Whether `command` is `PROGRAM run ...`: only `muster run` is known to have an explain beside it.
bool has_explain(char* const command[]);

/// Starts `PROGRAM explain --status CODE --role ROLE [--program-status PATH] [--dir DIR] [--tail]`
/// in the background. DIR is that of the role's path: the directory may have been a flag of muster
/// run's. PATH, where the program's end is recorded, is given only when `verdict` follows that
/// record: one that is written later is not the truth. --tail: the end of what CMD wrote to its
/// stderr is on stdin.
Spawned spawn_explain(Spawner& spawner, char* program, char* const environment[],
                      const Verdict& verdict, const RolePipe& pipe, const Relay& relay);

}  // namespace muster::init
