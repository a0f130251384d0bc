// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include <rapidcheck/gtest.h>

namespace muster::broker_config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The parents of ranks 1 to size - 1.
std::vector<std::uint32_t> parents(std::string_view text, std::uint32_t size) {
    const auto topology = Topology::parse(text).value();
    EXPECT_EQ(topology.parent_of(0, size), std::nullopt);
    std::vector<std::uint32_t> parents;
    for (std::uint32_t rank = 1; rank < size; ++rank)
        parents.push_back(topology.parent_of(rank, size).value());
    return parents;
}

// The rows were read off `flux overlay parentof` and flux-core's own tests of these shapes.
TEST(Topology, HasTheParentsThatFluxComputes) {
    EXPECT_THAT(parents("flat", 5), ElementsAre(0, 0, 0, 0));
    EXPECT_THAT(parents("kary:0", 5), ElementsAre(0, 0, 0, 0));
    EXPECT_THAT(parents("kary:1", 5), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(parents("kary:2", 8), ElementsAre(0, 0, 1, 1, 2, 2, 3));
    EXPECT_THAT(parents("kary:3", 8), ElementsAre(0, 0, 0, 1, 1, 1, 2));
    EXPECT_THAT(parents("mincrit:0", 5), ElementsAre(0, 0, 0, 0));
    EXPECT_THAT(parents("mincrit:1", 5), ElementsAre(0, 1, 1, 1));
    EXPECT_THAT(parents("mincrit:2", 8), ElementsAre(0, 0, 1, 2, 1, 2, 1));
    EXPECT_THAT(parents("mincrit:9", 5), ElementsAre(0, 0, 0, 0));
    EXPECT_THAT(parents("mincrit", 5), ElementsAre(0, 0, 0, 0));
    EXPECT_THAT(parents("binomial", 8), ElementsAre(0, 0, 2, 0, 4, 4, 6));
    EXPECT_THAT(parents("binomial", 1), ElementsAre());
}

TEST(Topology, ParsesAndFormats) {
    for (const char* text : {"flat", "kary:0", "kary:32", "mincrit", "mincrit:0", "mincrit:16",
                             "binomial", "kary:2147483647"})
        EXPECT_EQ(Topology::parse(text).value().format(), text);
    EXPECT_EQ(Topology(), Topology::parse("flat").value());
}

TEST(Topology, RefusesWhatItDoesNotKnow) {
    for (const char* text :
         {"", "ring", "kary", "kary:", "kary:x", "kary:-1", "kary: 2", "kary:2x", "kary:+2",
          "kary:4294967296", "kary:2147483648", "mincrit:", "mincrit:x", "flat:2", "binomial:3",
          "binomial:", "custom", "KARY:2", "kary:2:2"}) {
        const auto topology = Topology::parse(text);
        ASSERT_FALSE(topology) << text;
        EXPECT_EQ(topology.error().kind, Kind::usage);
        EXPECT_THAT(topology.error().message, HasSubstr(std::string("'") + text + "'"));
    }
}

/// The number of hops from `rank` to rank 0.
std::uint32_t depth(const Topology& topology, std::uint32_t rank, std::uint32_t size) {
    std::uint32_t hops = 0;
    for (auto at = rank; at != 0; at = topology.parent_of(at, size).value()) ++hops;
    return hops;
}

RC_GTEST_PROP(TopologyLaws, ParentsComeBeforeTheirChildren, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 3000);
    const auto fanout = *rc::gen::inRange<std::uint32_t>(0, 70);
    const auto text = *rc::gen::element<std::string>("flat", "binomial", "mincrit",
                                                     fmt::format("kary:{}", fanout),
                                                     fmt::format("mincrit:{}", fanout));
    const auto topology = Topology::parse(text).value();
    for (std::uint32_t rank = 1; rank < size; ++rank)
        RC_ASSERT(topology.parent_of(rank, size).value() < rank);
}

RC_GTEST_PROP(TopologyLaws, KaryIsACompleteTree, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 3000);
    const auto fanout = *rc::gen::inRange<std::uint32_t>(1, 70);
    const auto topology = Topology::parse(fmt::format("kary:{}", fanout)).value();
    std::vector<std::uint32_t> children(size);
    std::uint32_t previous = 0;
    for (std::uint32_t rank = 1; rank < size; ++rank) {
        const auto parent = topology.parent_of(rank, size).value();
        ++children[parent];
        RC_ASSERT(children[parent] <= fanout);
        RC_ASSERT(depth(topology, rank, size) >= previous);  // breadth first
        previous = depth(topology, rank, size);
        // Nobody gets a child before all who come earlier have theirs.
        if (parent > 0) RC_ASSERT(children[parent - 1] == fanout);
    }
}

RC_GTEST_PROP(TopologyLaws, MincritHasThreeLevelsAndEvenRouters, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 3000);
    const auto routers = *rc::gen::inRange<std::uint32_t>(1, 70);
    const auto topology = Topology::parse(fmt::format("mincrit:{}", routers)).value();
    std::vector<std::uint32_t> children(size);
    for (std::uint32_t rank = 1; rank < size; ++rank) {
        RC_ASSERT(depth(topology, rank, size) == (rank <= routers ? 1U : 2U));
        ++children[topology.parent_of(rank, size).value()];
    }
    if (size <= routers + 1) return;
    const auto begin = children.begin() + 1;
    const auto [least, most] = std::minmax_element(begin, begin + routers);
    RC_ASSERT(*most - *least <= 1U);
}

/// The number of routers that flux-core's loop (mincrit_choose_k) arrives at.
std::uint32_t routers_by_loop(std::uint32_t size) {
    if (size <= 1025) return 0;
    std::uint32_t routers = 2;
    while ((size - 1 - routers + routers - 1) / routers > 1024) ++routers;
    return routers;
}

TEST(Topology, MincritAloneChoosesAsManyRoutersAsFlux) {
    for (const std::uint32_t size : {2U, 1024U, 1025U, 1026U, 2050U, 2051U, 2052U, 3075U, 3076U,
                                     3077U, 10000U, 16384U, 100000U}) {
        const auto topology = Topology::parse("mincrit").value();
        std::uint32_t routers = 0;
        for (std::uint32_t rank = 1; rank < size; ++rank)
            routers = std::max(routers, topology.parent_of(rank, size).value());
        EXPECT_EQ(routers, routers_by_loop(size)) << size;
    }
}

RC_GTEST_PROP(TopologyLaws, BinomialIsTheRecursiveConstruction, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 3000);
    // B(k) is a root with the roots of B(0), ..., B(k - 1) as children; ranks beyond size are cut.
    std::vector<std::uint32_t> expected(size);
    const std::function<void(std::uint32_t, unsigned)> grow = [&](std::uint32_t root, unsigned k) {
        for (unsigned j = 0; j < k; ++j) {
            const std::uint32_t child = root + (1U << j);
            if (child >= size) continue;
            expected[child] = root;
            grow(child, j);
        }
    };
    grow(0, 12);
    const auto topology = Topology::parse("binomial").value();
    for (std::uint32_t rank = 1; rank < size; ++rank)
        RC_ASSERT(topology.parent_of(rank, size) == expected[rank]);
}

}  // namespace
}  // namespace muster::broker_config
