// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace muster::doctor {

/// What a process is at (proc(5)).
struct ProcessLook {
    char state = 0;           ///< R, S, D, T, ...; 0: no such process
    std::uint64_t ticks = 0;  ///< user and system time

    /// It runs, wants to run, or waits for a disk: busy, or on a machine that is.
    bool at_work() const { return state == 'R' || state == 'D'; }
};
ProcessLook look_at_process(pid_t pid);

/// Whether it can be taken for hung: it sleeps or is stopped, and used no CPU time between two
/// looks. Not when it could not be seen.
bool seems_hung(const ProcessLook& before, const ProcessLook& after);

}  // namespace muster::doctor
