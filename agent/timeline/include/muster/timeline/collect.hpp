// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "muster/base/clock.hpp"
#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"
#include "muster/timeline/record.hpp"

namespace muster::timeline {

struct Collected {
    Records records;
    bool cut_short = false;  ///< a rank did not answer in time, and those are the others'
};

/// Asks every online broker of a running instance for its pod's report and its log: `flux exec` of
/// cat and `flux dmesg`. `environment` says which instance (FLUX_URI); `on_wait` is told
/// now and then for how long not all have answered. Errors: unavailable (no instance there; what
/// flux said), no_program, not_executable, io.
Result<Collected> collect(const std::string& flux, const Environment& environment,
                          Deadline deadline, const Clock& clock,
                          std::function<void(Duration)> on_wait = {});

}  // namespace muster::timeline
