// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;

std::vector<Node> nodes(std::uint32_t count, std::uint32_t cores) {
    std::vector<Node> result;
    for (Rank rank = 0; rank < count; ++rank)
        result.push_back({.rank = rank, .cores = cores, .up = true});
    return result;
}

TEST(Allocate, BlocksByNode) {
    // flux run -N4 -n6 on four nodes of two cores: 0,1 | 2,3 | 4 | 5 (seen on 0.88.0)
    EXPECT_THAT(
        *allocate(nodes(4, 2), {.nodes = 4, .tasks = 6}),
        ElementsAre(Share{0, 0, 2, 2}, Share{1, 2, 2, 2}, Share{2, 4, 1, 2}, Share{3, 5, 1, 2}));
    EXPECT_THAT(*allocate(nodes(4, 2), {.nodes = 2, .tasks = 3}),
                ElementsAre(Share{0, 0, 2, 2}, Share{1, 2, 1, 2}));
}

TEST(Allocate, FillsNodesWhenNoneAreAskedFor) {
    EXPECT_THAT(*allocate(nodes(4, 2), {.tasks = 3}),
                ElementsAre(Share{0, 0, 2, 2}, Share{1, 2, 1, 1}));
    EXPECT_THAT(*allocate(nodes(4, 2), {.tasks = 2, .cores_per_task = 2}),
                ElementsAre(Share{0, 0, 1, 2}, Share{1, 1, 1, 2}));
}

TEST(Allocate, PassesOverTheDrainedButWaitsForThem) {
    auto some = nodes(2, 2);
    some[0].drained = true;
    EXPECT_THAT(*allocate(some, {.tasks = 2}), ElementsAre(Share{1, 0, 2, 2}));
    EXPECT_FALSE(allocate(some, {.tasks = 3}).has_value());
    EXPECT_EQ(unsatisfiable(some, {.tasks = 3}), "");
}

TEST(Allocate, PassesOverWhatIsDownOrBusyOrExcluded) {
    auto some = nodes(5, 2);
    some[0].up = false;
    some[1].used = 2;
    some[2].eligible = false;
    EXPECT_THAT(*allocate(some, {.nodes = 2, .tasks = 2}),
                ElementsAre(Share{3, 0, 1, 1}, Share{4, 1, 1, 1}));
    EXPECT_EQ(allocate(some, {.nodes = 3, .tasks = 3}), std::nullopt);
    EXPECT_EQ(allocate(some, {.tasks = 5}), std::nullopt);
}

TEST(Allocate, WholeNodesAreFreeNodes) {
    auto some = nodes(3, 4);
    some[0].used = 1;
    const auto shares = allocate(some, {.nodes = 2, .tasks = 2, .exclusive = true});
    EXPECT_THAT(*shares, ElementsAre(Share{1, 0, 1, 4}, Share{2, 1, 1, 4}));
    EXPECT_EQ(allocate(some, {.nodes = 3, .tasks = 3, .exclusive = true}), std::nullopt);
}

TEST(Unsatisfiable, IsSaidInTheSchedulersWords) {
    const std::vector<std::tuple<JobShape, std::string>> rows = {
        {{.nodes = 4, .tasks = 4}, ""},
        {{.nodes = 4, .tasks = 8}, ""},
        {{.tasks = 8}, ""},
        {{.nodes = 5, .tasks = 5, .exclusive = true},
         "unsatisfiable request: need 5 exclusive node(s), only 4 eligible"},
        {{.nodes = 5, .tasks = 5},
         "unsatisfiable request: need 5 node(s) with 1 cores each, only 4 eligible"},
        {{.nodes = 4, .tasks = 16},
         "unsatisfiable request: need 4 node(s) with 4 cores each, only 0 eligible"},
        {{.nodes = 1, .tasks = 3},
         "unsatisfiable request: need 1 node(s) with 3 cores each, only 0 eligible"},
        {{.tasks = 9},
         "unsatisfiable request: need 9 slot(s) of 1 core(s), only 8 such slot(s) available (total "
         "cores: 8)"},
        {{.tasks = 2, .cores_per_task = 3},
         "unsatisfiable request: need 2 slot(s) of 3 core(s), only 0 such slot(s) available (total "
         "cores: 8)"},
    };
    for (const auto& [shape, text] : rows) EXPECT_EQ(unsatisfiable(nodes(4, 2), shape), text);
}

TEST(Unsatisfiable, NodesThatAreDownStillCount) {
    auto some = nodes(4, 2);
    for (auto& node : some) node.up = false;
    EXPECT_EQ(unsatisfiable(some, {.nodes = 4, .tasks = 8}), "");
    EXPECT_EQ(allocate(some, {.nodes = 4, .tasks = 8}), std::nullopt);
}

RC_GTEST_PROP(Allocate, EveryTaskHasOnePlaceThatHasRoom, ()) {
    auto some = nodes(*rc::gen::inRange(1u, 12u), *rc::gen::inRange(1u, 9u));
    for (auto& node : some) {
        node.up = *rc::gen::arbitrary<bool>();
        node.used = *rc::gen::inRange(0u, node.cores + 1);
    }
    JobShape shape;
    shape.nodes = *rc::gen::inRange(0u, 12u);
    shape.tasks = *rc::gen::inRange(std::max(shape.nodes, 1u), 40u);
    shape.cores_per_task = *rc::gen::inRange(1u, 4u);
    const auto shares = allocate(some, shape);
    if (!shares) return;
    RC_ASSERT(unsatisfiable(some, shape).empty());
    RC_ASSERT(shape.nodes == 0 || shares->size() == shape.nodes);
    std::uint32_t next = 0;
    for (const auto& share : *shares) {
        RC_ASSERT(share.first == next && share.count > 0);
        next += share.count;
        const auto& node = some.at(share.rank);
        RC_ASSERT(node.up && share.cores <= node.cores - node.used);
        RC_ASSERT(share.count * shape.cores_per_task <= share.cores);
    }
    RC_ASSERT(next == shape.tasks);
}

}  // namespace
}  // namespace muster::rehearsal
