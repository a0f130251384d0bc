// SPDX-License-Identifier: Apache-2.0
#include "overlay_health.hpp"

#include <algorithm>

namespace muster::rehearsal {

std::vector<std::string> overlay_health(const Tree& tree, const std::set<Rank>& online,
                                        const std::map<Rank, std::string>& gone) {
    std::vector<std::string> health(tree.size(), "offline");
    for (const auto& [rank, how] : gone) health.at(rank) = how;
    // Parents come before their children in a subtree: from its end every child is known.
    auto ranks = tree.subtree(0);
    std::ranges::reverse(ranks);
    for (const Rank rank : ranks) {
        if (!online.contains(rank)) continue;
        const auto& children = tree.children(rank);
        const auto any = [&](std::string_view word) {
            return std::ranges::any_of(children,
                                       [&](Rank child) { return health[child].starts_with(word); });
        };
        health[rank] = any("lost") || any("degraded")     ? "degraded"
                       : any("offline") || any("partial") ? "partial"
                                                          : "full";
    }
    return health;
}

}  // namespace muster::rehearsal
