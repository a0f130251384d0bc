// SPDX-License-Identifier: Apache-2.0
// Processes below this one, and no others: in a shared process namespace or on a laptop there are
// strangers. As PID 1 or subreaper, whatever loses its parent becomes our child; so as long as any
// descendant lives there is a child to wait for, and ECHILD means that all are gone.
#pragma once

#include <sys/types.h>

namespace muster::init {

/// The parent of `pid` (/proc/PID/stat, proc(5)); 0 when there is none in this namespace, -1 when
/// the process does not exist or cannot be seen.
pid_t parent_of(pid_t pid);

/// Sends `signal` to every descendant, whatever its process group or session. One that forks or
/// changes parents meanwhile may be missed: call again until none is left. Where /proc is not that
/// of this namespace, the process group of `child` is signalled instead (0: nobody). Does not
/// allocate.
void signal_descendants(int signal, pid_t child);

}  // namespace muster::init
