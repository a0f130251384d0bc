// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <set>

namespace muster::local {

/// Processes that fell to us because their own parents died (we are a subreaper, prctl(2)): what is
/// left of a pod whose muster-init was killed, or a daemon that a program left behind. Children
/// that we had before are no strays.
class Strays {
  public:
    /// Becomes subreaper and notes the children that there are.
    Strays();

    /// A child of ours that is known by its pid, and not a stray.
    void except(pid_t child) { known_.insert(child); }
    void forget(pid_t child) { known_.erase(child); }

    /// Kills and reaps those that there are now. The number of them: their own children may fall to
    /// us next, so call again until it is 0.
    std::size_t kill() const;

  private:
    std::set<pid_t> known_;
};

}  // namespace muster::local
