// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "muster/base/environment.hpp"
#include "setup.hpp"

namespace muster::rehearsal {

/// The broker's directory, with `bin/flux`: a link to this program, so that whoever the broker
/// starts finds it under Flux's name. What was made is removed again.
class Rundir {
  public:
    /// Attribute rundir, or a private directory in $TMPDIR or /tmp. Sets the attributes rundir and
    /// local-uri where they are not given. Errors: io, with Flux's text.
    static Result<Rundir> make(Setup& setup, const Environment& environment);
    Rundir(Rundir&& other) noexcept;
    Rundir(const Rundir&) = delete;
    Rundir& operator=(const Rundir&) = delete;
    ~Rundir();

    const std::string& path() const { return path_; }
    std::string program_path() const { return path_ + "/bin"; }
    const std::string& socket_path() const { return socket_; }

  private:
    Rundir() = default;
    std::string path_;
    std::string socket_;
    bool made_ = false;
};

}  // namespace muster::rehearsal
