// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace muster::init {

/// The controlling terminal on stdin, if its foreground is ours to hand on. The child then runs in
/// the foreground in a process group of its own, as under tini: it may read, and Ctrl-C and Ctrl-Z
/// reach it and not us. A process group in the background never takes the terminal from another.
/// SIGTTOU is blocked here, so tcsetpgrp(3) works from the background.
class Terminal {
  public:
    /// PID 1's view: ours when our own process group has the foreground.
    static Terminal of_init();
    /// The shim's view: also when the broker's group or its muster-init's group has it.
    static Terminal of_program();

    /// Whether a child is to be spawned into the foreground (Spawner does it, before exec).
    bool ours() const { return foreground_ > 0; }
    /// Puts the group that had the foreground at the start back there, if `child`'s has it now.
    void take_back(pid_t child) const;
    /// Gives the foreground to `child`'s group, if the group that had it at the start has it now.
    void give(pid_t child) const;
    /// `child` was stopped from the terminal: take it back and stop as well, so that the shell
    /// above us notices. Does nothing where no shell is waiting (PID 1, session leader, orphaned).
    void stop_with(pid_t child) const;

  private:
    pid_t foreground_ = 0;
};

}  // namespace muster::init
