// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "muster/base/clock.hpp"
#include "muster/kube/config.hpp"

namespace muster::kube {

/// The token of a configuration; the kubelet rotates the one in a file (Kubernetes, "Service
/// account token volume projection").
class Bearer {
  public:
    explicit Bearer(const Config& config) : token_(config.token), file_(config.token_file) {}

    /// The token now, empty where there is none to send. A file that cannot be read leaves the
    /// token that it had. Errors: io, where it had none.
    Result<Secret> token(TimePoint now);
    /// Reads the file again. True when that was another token.
    bool refresh(TimePoint now);

  private:
    Secret token_;
    std::string file_;
    std::optional<TimePoint> read_at_;
};

}  // namespace muster::kube
