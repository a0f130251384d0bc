// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/timeline/record.hpp"

namespace muster::timeline {

/// What has to be added to a rank's times to have them by rank 0's clock; absent ranks: nothing.
using Shifts = std::map<std::uint32_t, Duration>;

/// Compares the clocks of children and parents by what must have come first:
/// * the child executes its broker after its parent did (it has spoken with it);
/// * the parent takes the child ("parent-ready") after its own rc1;
/// * a child that waited in quorum goes on when the leader does, at once.
/// Where the times contradict that by more than clocks usually disagree, the child is shifted by
/// the least that mends it, and a sentence is added to `notes`.
Shifts mend_clocks(const Records& records, std::vector<std::string>& notes);

}  // namespace muster::timeline
