// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "message.hpp"

namespace muster::rehearsal {

/// The tree of brokers (TBON), as every broker computes it from the same list of parents.
class Tree {
  public:
    /// `parents[r]` is rank r's parent; rank 0 has none. A list with a cycle (a user's mistake)
    /// gives a tree in which those ranks are unreachable.
    explicit Tree(std::vector<std::optional<Rank>> parents);

    Rank size() const { return static_cast<Rank>(parents_.size()); }
    std::optional<Rank> parent(Rank rank) const { return parents_.at(rank); }
    const std::vector<Rank>& children(Rank rank) const { return children_.at(rank); }
    /// `rank` and all below it, parents before their children.
    std::vector<Rank> subtree(Rank rank) const;
    /// The child of `at` through which `to` is reached; nothing when `to` is not below `at`.
    std::optional<Rank> child_towards(Rank at, Rank to) const;

  private:
    std::vector<std::optional<Rank>> parents_;
    std::vector<std::vector<Rank>> children_;
};

}  // namespace muster::rehearsal
