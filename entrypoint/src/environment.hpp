// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

namespace muster::init {

/// The environments of the command (with the role pipe's number and the grace that a flag gave)
/// and of explain (without the pipe). Allocated once; entries of the caller's are shared.
class Environment {
  public:
    Environment() = default;
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    /// `grace_text`: becomes MUSTER_GRACE; null leaves that variable as it is. False: no memory.
    bool prepare(const char* grace_text);
    /// With MUSTER_INIT_FD=`descriptor`; valid until the next call.
    char** of_command(int descriptor);
    char** of_explain() const { return plain_; }

  private:
    std::array<char, 32> pipe_variable_{};
    std::array<char, 64> grace_variable_{};
    char** with_pipe_ = nullptr;
    char** plain_ = nullptr;
};

}  // namespace muster::init
