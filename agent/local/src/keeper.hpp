// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "muster/base/clock.hpp"
#include "muster/base/fd.hpp"
#include "muster/base/result.hpp"

namespace muster::local {

/// A small process that outlives us if we are killed: then it ends the pods in order, waits for
/// them (no longer than `patience`, after which it kills), and removes the instance's directory. It
/// has a session of its own, so no Ctrl-C reaches it, and holds none of our descriptors.
class Keeper {
  public:
    /// Forks; call it before there are threads and pods. Errors: internal.
    static Result<Keeper> start(std::string directory, bool remove, Duration patience);
    Keeper(Keeper&&) = default;
    Keeper& operator=(Keeper&&) = delete;
    ~Keeper() = default;  ///< without finished() the keeper goes to work

    pid_t pid() const { return pid_; }
    /// Entrusts a pod to it.
    void adopt(pid_t pod) const;
    /// Everything has ended and been removed: the keeper leaves. Waits for that.
    void finished();

  private:
    Keeper(pid_t pid, Fd pipe) : pid_(pid), pipe_(std::move(pipe)) {}
    pid_t pid_;
    Fd pipe_;
};

}  // namespace muster::local
