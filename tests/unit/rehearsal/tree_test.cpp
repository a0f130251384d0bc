// SPDX-License-Identifier: Apache-2.0
#include "tree.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

//     0
//    / \.
//   1   2
//  / \   \.
// 3   4   5
Tree sample() {
    return Tree({std::nullopt, 0, 0, 1, 1, 2});
}

TEST(Tree, KnowsItsEdges) {
    const auto tree = sample();
    EXPECT_EQ(tree.size(), 6u);
    EXPECT_EQ(tree.parent(0), std::nullopt);
    EXPECT_EQ(tree.parent(5), 2u);
    EXPECT_THAT(tree.children(0), ElementsAre(1, 2));
    EXPECT_THAT(tree.children(1), ElementsAre(3, 4));
    EXPECT_THAT(tree.children(3), IsEmpty());
    EXPECT_THAT(tree.subtree(0), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(tree.subtree(1), ElementsAre(1, 3, 4));
    EXPECT_THAT(tree.subtree(5), ElementsAre(5));
}

TEST(Tree, FindsTheWayDown) {
    const auto tree = sample();
    EXPECT_EQ(tree.child_towards(0, 4), 1u);
    EXPECT_EQ(tree.child_towards(0, 2), 2u);
    EXPECT_EQ(tree.child_towards(1, 4), 4u);
    EXPECT_EQ(tree.child_towards(1, 5), std::nullopt);  // up first
    EXPECT_EQ(tree.child_towards(4, 1), std::nullopt);
    EXPECT_EQ(tree.child_towards(0, 0), std::nullopt);
    EXPECT_EQ(tree.child_towards(0, 99), std::nullopt);
}

TEST(Tree, EndsOnACycle) {
    const Tree tree({std::nullopt, 2, 1});
    EXPECT_EQ(tree.child_towards(0, 1), std::nullopt);
    EXPECT_LE(tree.subtree(1).size(), 5u);
}

RC_GTEST_PROP(Tree, EveryRankIsReachedFromTheLeader, ()) {
    const auto size = *rc::gen::inRange<Rank>(1, 60);
    std::vector<std::optional<Rank>> parents(size);
    for (Rank rank = 1; rank < size; ++rank) parents[rank] = *rc::gen::inRange<Rank>(0, rank);
    const Tree tree(parents);
    RC_ASSERT(tree.subtree(0).size() == size);
    for (Rank rank = 1; rank < size; ++rank) {
        Rank at = 0;
        for (Rank steps = 0; at != rank; ++steps) {
            RC_ASSERT(steps < size);
            at = *tree.child_towards(at, rank);
        }
    }
}

}  // namespace
}  // namespace muster::rehearsal
