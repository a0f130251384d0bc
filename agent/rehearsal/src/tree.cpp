// SPDX-License-Identifier: Apache-2.0
#include "tree.hpp"

namespace muster::rehearsal {

Tree::Tree(std::vector<std::optional<Rank>> parents)
    : parents_(std::move(parents)), children_(parents_.size()) {
    for (Rank rank = 0; rank < size(); ++rank)
        if (parents_[rank]) children_.at(*parents_[rank]).push_back(rank);
}

std::vector<Rank> Tree::subtree(Rank rank) const {
    std::vector<Rank> ranks{rank};
    for (std::size_t i = 0; i < ranks.size() && ranks.size() <= parents_.size(); ++i) {
        const auto& below = children(ranks[i]);
        ranks.insert(ranks.end(), below.begin(), below.end());
    }
    return ranks;
}

std::optional<Rank> Tree::child_towards(Rank at, Rank to) const {
    for (Rank steps = 0; to < size() && steps < size(); ++steps) {
        const auto above = parent(to);
        if (!above) return std::nullopt;
        if (*above == at) return to;
        to = *above;
    }
    return std::nullopt;
}

}  // namespace muster::rehearsal
