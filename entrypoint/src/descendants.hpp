// SPDX-License-Identifier: Apache-2.0
// Processes below this one, and no others: in a shared process namespace or on a laptop there are
// strangers. As PID 1 or subreaper, whatever loses its parent becomes our child; so as long as any
// descendant lives there is a child to wait for, and ECHILD means that all are gone.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>

namespace muster::init {

/// The parent of `pid` (/proc/PID/stat, proc(5)); 0 when there is none in this namespace, -1 when
/// the process does not exist or cannot be seen.
pid_t parent_of(pid_t pid);

/// Whether a process is about to end or has ended: killed, say, but not yet reaped. Its descriptors
/// are closed only after this is so, thus whoever has lost a connection to it finds this true. False
/// where /proc cannot tell.
bool is_ending(pid_t pid);

/// The processes that came from the command that we run. Does not allocate.
class Descendants {
  public:
    /// Leaves out the children that this process has already, and theirs: what an entrypoint script
    /// started before it exec'ed us (munged, sshd) is not the command's, and outlives a broker. To
    /// be called before the first child is made; beyond the first 64 they are not remembered.
    void leave_out_children();
    /// Whether any child was left out.
    bool left_out() const { return count_ > 0; }
    /// A process has been reaped; its number may now come back as one of the command's.
    void reaped(pid_t pid);

    /// Sends `signal` (0: none) to each, whatever its process group or session, and returns how
    /// many there are. One that forks or changes parents meanwhile may be missed: call again until
    /// none is left. Where /proc is not that of this namespace, it is the process group of `child`
    /// (0: of nobody) instead.
    int signal(int signal, pid_t child) const;

  private:
    bool is_ours(pid_t pid) const;
    bool is_stranger(pid_t pid) const;
    bool signal_one(int signal, pid_t pid) const;

    std::array<pid_t, 64> strangers_{};
    std::size_t count_ = 0;
};

}  // namespace muster::init
