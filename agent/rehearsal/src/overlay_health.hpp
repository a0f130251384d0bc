// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tree.hpp"

namespace muster::rehearsal {

/// What `flux overlay status` says of every rank: full (it and all below it are there), partial
/// (some below it never came, or left in order), degraded (some below it were lost), and for a rank
/// that is not there offline or lost, with what `gone` says of how it went.
std::vector<std::string> overlay_health(const Tree& tree, const std::set<Rank>& online,
                                        const std::map<Rank, std::string>& gone);

}  // namespace muster::rehearsal
