// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/words.hpp"

#include <gmock/gmock.h>

namespace muster::doctor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ParseUptime, WhatFluxPrints) {
    const auto run = *parse_uptime(
        " 02:37:01 run 20s,  owner root,  depth 0,  size 4,  1 drained,  2 offline\n"
        "  scheduler stopped\n");
    EXPECT_EQ(run.state, "run");
    EXPECT_EQ(run.since, "20s");
    EXPECT_EQ(run.size, 4u);
    EXPECT_EQ(run.drained, 1u);
    EXPECT_EQ(run.offline, 2u);
    const auto join = *parse_uptime(" 02:28:17 join 1.1s,  owner 12345,  depth 0,  size 1024\n");
    EXPECT_EQ(join.state, "join");
    EXPECT_EQ(join.since, "1.1s");
    EXPECT_EQ(join.size, 1024u);
    EXPECT_EQ(join.drained + join.offline, 0u);
}

TEST(ParseUptime, StatesOfALife) {
    const auto at = [](std::string_view state) { return Uptime{.state = std::string(state)}; };
    for (const auto* state : {"load-builtins", "join"}) EXPECT_FALSE(at(state).joined()) << state;
    for (const auto* state : {"config-sync", "init", "quorum", "run", "cleanup", "exit"})
        EXPECT_TRUE(at(state).joined()) << state;
    for (const auto* state : {"quorum", "run"}) EXPECT_TRUE(at(state).online()) << state;
    for (const auto* state : {"join", "init", "cleanup"}) EXPECT_FALSE(at(state).online()) << state;
    for (const auto* state : {"cleanup", "shutdown", "finalize", "goodbye", "exit"})
        EXPECT_TRUE(at(state).ending()) << state;
    EXPECT_FALSE(at("run").ending());
    EXPECT_FALSE(at("nonsense").joined() || at("nonsense").ending());
}

TEST(ParseUptime, RefusesOtherText) {
    for (const auto* text : {"", "\n", "flux: not found", " 02:28:17 dance 1.1s,  size 4",
                             " 02:28:17 run 1.1s,  owner root", " 02:28:17 run 1s,  size x"})
        EXPECT_FALSE(parse_uptime(text).has_value()) << text;
}

TEST(StateFromLog, TheLastTransition) {
    const auto now = WallTime(std::chrono::seconds(1'795'404'098 + 150));  // 03:21:38 UTC + 2.5 min
    const auto found = *state_from_log(
        "2026-11-23T03:21:34.929143Z job-manager.debug[0]: scheduler: hello +partial-ok\n"
        "2026-11-23T03:21:35.064630Z broker.info[0]: rc1-success: init->quorum 1.09137s\n"
        "2026-11-23T03:21:38.219397Z broker.info[1]: quorum-full: quorum->run 0.205988s\n"
        "2026-11-23T03:21:39.219397Z broker.info[1]: online: a->b (ranks 0)\n"
        "2026-11-23T03:21:40.219397Z broker.debug[1]: x: run->cleanup\n",
        now);
    EXPECT_EQ(found.state, "run");
    EXPECT_EQ(found.since, "2.5m");
    EXPECT_EQ(found.size, 0u);
    for (const auto* text : {"", "x\n", "2026-11-23T03:21:39Z broker.info[1]: x: run->nowhere\n"})
        EXPECT_FALSE(state_from_log(text, now).has_value()) << text;
}

TEST(CountReconnects, EachRankThatCameWhileItWasThere) {
    const auto counts = count_reconnects(
        "2026-11-23T03:21:34.929143Z overlay.err[0]: m-1 (rank 1) reconnected after crash, "
        "dropping old connection state\n"
        "2026-11-23T03:21:34.929203Z overlay.err[0]: accepting connection from m-1 (rank 1) status "
        "full\n"
        "2026-11-23T03:21:35.1Z overlay.err[0]: m-12 (rank 12) reconnected after crash, dropping "
        "old connection state\n"
        "2026-11-23T03:21:36.1Z overlay.err[0]: m-1 (rank 1) reconnected after crash, dropping old "
        "connection state\n"
        "x (rank y) reconnected after crash\nreconnected after crash\n");
    EXPECT_THAT(counts, ElementsAre(Pair(1, 2), Pair(12, 1)));
    EXPECT_TRUE(count_reconnects("").empty());
}

TEST(ParseOverlay, WhatFluxPrints) {
    const auto nodes = *parse_overlay(
        "0 lo-0: degraded\n├─ 1 lo-1: full\n│  ├─ 3 lo-3: full\n│  └─ 4 4-b.c: offline "
        "administrative shutdown\n└─ 2 lo-2: lost lost connection\n");
    EXPECT_THAT(nodes,
                ElementsAre(OverlayNode{0, "lo-0", "degraded", ""},
                            OverlayNode{1, "lo-1", "full", ""}, OverlayNode{3, "lo-3", "full", ""},
                            OverlayNode{4, "4-b.c", "offline", "administrative shutdown"},
                            OverlayNode{2, "lo-2", "lost", "lost connection"}));
    EXPECT_TRUE(nodes[0].online() && nodes[1].online());
    EXPECT_FALSE(nodes[3].online() || nodes[4].online());
}

TEST(ParseOverlay, RefusesOtherText) {
    for (const auto* text : {"flux-overlay: Resource temporarily unavailable\n", "x\n", "0\n",
                             "0 lo-0 full\n", "99999999999 lo-0: full\n"})
        EXPECT_FALSE(parse_overlay(text).has_value()) << text;
    EXPECT_THAT(*parse_overlay(""), IsEmpty());
}

TEST(ParseResourceStatus, WhatFluxPrints) {
    const auto lines = *parse_resource_status("avail|0,2-3|\ndrained*|1|a | b\n");
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1].state, "drained*");
    EXPECT_EQ(lines[1].reason, "a | b");
    EXPECT_EQ(line_of(lines, 1), &lines[1]);
    EXPECT_EQ(line_of(lines, 3), &lines[0]);
    EXPECT_EQ(line_of(lines, 4), nullptr);
    EXPECT_FALSE(lines[0].drained());
    EXPECT_TRUE(lines[1].drained());
    EXPECT_TRUE((ResourceLine{"draining", {}, ""}).drained());
}

TEST(ParseResourceStatus, RefusesOtherText) {
    for (const auto* text : {"avail\n", "avail|0\n", "avail|x|\n", "\n"})
        EXPECT_FALSE(parse_resource_status(text).has_value()) << text;
}

TEST(SplitLabelled, LinesByRank) {
    EXPECT_THAT(split_labelled("1: {\"a\":1}\n0: x\n1: y: z\nflux-exec: Error: rank 2: no\n: \n"),
                UnorderedElementsAre(Pair(0u, "x\n"), Pair(1u, "{\"a\":1}\ny: z\n")));
    EXPECT_THAT(split_labelled(""), IsEmpty());
}

}  // namespace
}  // namespace muster::doctor
