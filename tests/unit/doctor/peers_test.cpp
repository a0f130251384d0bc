// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/peers.hpp"

#include <gmock/gmock.h>

namespace muster::doctor {
namespace {

using discovery::Cause;
using discovery::Gate;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// The pod of `rank` in an instance of seven.
Pod pod_of(std::uint32_t rank, const std::string& topology,
           std::optional<std::string> leader_address = {}) {
    Pod pod;
    pod.settings.hosts = "m-[0-6]";
    pod.settings.rank = rank;
    pod.settings.topology = topology;
    pod.settings.service = "flux";
    pod.settings.namespace_name = "ns";
    pod.settings.domain = "lab";
    pod.settings.leader_address = std::move(leader_address);
    pod.settings.mode = bootstrap::Mode::interactive;
    pod.facts.pod.hostname = fmt::format("m-{}", rank);
    auto plan = bootstrap::make_plan(pod.settings, {}, pod.facts);
    EXPECT_TRUE(plan.has_value()) << plan.error().message;
    pod.plan = std::move(*plan);
    return pod;
}

std::vector<std::string> who_listens(const std::vector<Peer>& peers) {
    std::vector<std::string> all;
    for (const auto& peer : peers)
        all.push_back(fmt::format("{}<-{}{}", peer.parent.value_or(0), peer.rank,
                                  peer.listens ? " listens" : ""));
    return all;
}

TEST(PeersOf, AFlatTreeAndABinaryOne) {
    EXPECT_THAT(who_listens(*peers_of(pod_of(3, "flat"))),
                ElementsAre("0<-0 listens", "0<-1", "0<-2", "0<-3", "0<-4", "0<-5", "0<-6"));
    EXPECT_THAT(who_listens(*peers_of(pod_of(0, "kary:2"))),
                ElementsAre("0<-0 listens", "0<-1 listens", "0<-2 listens", "1<-3", "1<-4", "2<-5",
                            "2<-6"));
}

TEST(PeersOf, TheParentIsDialledAsThePlanDialsIt) {
    for (const auto& pod :
         {pod_of(3, "kary:2"), pod_of(5, "flat"), pod_of(1, "flat", "10.0.0.9")}) {
        const auto peers = *peers_of(pod);
        const auto& parent = *pod.plan.parent;
        EXPECT_EQ(peers[parent.rank].name, parent.name);
        EXPECT_EQ(peers[parent.rank].port, parent.port);
        EXPECT_EQ(peers[parent.rank].host, parent.host);
    }
}

discovery::Verdict failed_at(Gate gate, Cause cause) {
    discovery::GateFailure failure{
        .gate = gate, .cause = cause, .asked = "x", .answered = "y", .waited = 1s};
    for (std::size_t i = 0; i < static_cast<std::size_t>(gate); ++i)
        failure.so_far.passed.at(i) = Duration(2ms);
    if (gate > Gate::name)
        failure.so_far.attempts.add(
            {Gate::address, gate > Gate::address, "10.0.0.7 port 8050", "z", 0ms, 1ms});
    return tl::unexpected<discovery::GateFailure>(std::move(failure));
}

TEST(JudgePeer, ABrokerWithChildren) {
    const Peer router{.rank = 1, .host = "m-1", .name = "m-1.f.", .port = 8050, .listens = true};
    discovery::Passage passage{.address = "10.0.0.7", .took = 3ms};
    const auto good = judge_peer(router, passage);
    EXPECT_TRUE(good.reached);
    EXPECT_EQ(good.address, "10.0.0.7");
    EXPECT_EQ(good.text, "accepts our key");
    const auto refused = judge_peer(router, failed_at(Gate::listener, Cause::connection_refused));
    EXPECT_FALSE(refused.reached);
    EXPECT_EQ(refused.address, "10.0.0.7");
    EXPECT_EQ(refused.kind, Kind::unavailable);
    EXPECT_THAT(refused.text, HasSubstr("rank 1 (m-1)"));
    EXPECT_EQ(judge_peer(router, failed_at(Gate::curve, Cause::other_certificate)).kind,
              Kind::protocol);
}

TEST(JudgePeer, ALeafNeedNotListen) {
    const Peer leaf{.rank = 3, .host = "m-3", .name = "m-3.f.", .port = 8050};
    const auto good = judge_peer(leaf, failed_at(Gate::listener, Cause::connection_refused));
    EXPECT_TRUE(good.reached);
    EXPECT_EQ(good.gate, Gate::address);
    EXPECT_EQ(good.took, Duration(2ms));
    EXPECT_THAT(good.text, HasSubstr("does not listen"));
    const auto stranger = judge_peer(leaf, failed_at(Gate::curve, Cause::no_broker));
    EXPECT_TRUE(stranger.reached);
    EXPECT_THAT(stranger.text, HasSubstr("listens on port 8050"));
    EXPECT_FALSE(judge_peer(leaf, failed_at(Gate::address, Cause::silent_address)).reached);
    const auto unnamed = judge_peer(leaf, failed_at(Gate::name, Cause::no_such_name));
    EXPECT_EQ(unnamed.kind, Kind::no_name);
    EXPECT_EQ(unnamed.address, "");
}

TEST(HeedBrokers, ALeafThatFluxHasNotIsNotReached) {
    const std::vector<Peer> peers{{.rank = 0, .host = "m-0", .listens = true},
                                  {.rank = 1, .host = "m-1"},
                                  {.rank = 2, .host = "m-2"},
                                  {.rank = 3, .host = "m-3"},
                                  {.rank = 4, .host = "m-4"}};
    const PeerOutcome answers{.reached = true, .gate = Gate::address, .text = "answers"};
    const PeerOutcome unnamed{.text = "no such name", .kind = Kind::no_name};
    std::vector<PeerOutcome> outcomes{answers, answers, answers, unnamed, answers};
    heed_brokers(peers, outcomes,
                 *parse_overlay("0 m-0: offline\n├─ 1 m-1: full\n├─ 2 m-2: offline\n"
                                "└─ 3 m-3: lost lost connection\n"));
    EXPECT_TRUE(outcomes[0].reached) << "it takes our key, whatever the overlay knows of it yet";
    EXPECT_TRUE(outcomes[1].reached);
    EXPECT_FALSE(outcomes[2].reached);
    EXPECT_EQ(outcomes[2].kind, Kind::unavailable);
    EXPECT_EQ(outcomes[2].gate, Gate::address);
    EXPECT_EQ(outcomes[2].text,
              "its address answers, but for Flux its broker is offline: run "
              "muster check in its pod");
    EXPECT_EQ(outcomes[3].text, "no such name");
    EXPECT_TRUE(outcomes[4].reached) << "nothing is known of it";
    EXPECT_EQ(peers_exit_code(outcomes, 5), 69);
}

TEST(FormatPeers, WithWhatTheBrokerSays) {
    const std::vector<Peer> peers{
        {.rank = 0, .host = "m-0", .name = "m-0.f.", .port = 8050, .listens = true},
        {.rank = 1, .host = "m-1", .name = "m-1.f.", .port = 8050, .parent = 0}};
    const std::vector<PeerOutcome> outcomes{
        {.reached = true, .gate = Gate::curve, .address = "10.0.0.1", .text = "accepts our key"},
        {.reached = false, .text = "no such name", .kind = Kind::no_name}};
    EXPECT_EQ(format_peers(peers, outcomes,
                           *parse_overlay("0 m-0: partial\n└─ 1 m-1: lost lost connection\n"), 1),
              "RANK  HOST  PARENT  NAME    ADDRESS   BROKER                  REACHED\n"
              "0     m-0   -       m-0.f.  10.0.0.1  partial                 yes: accepts our key\n"
              "1     m-1   0       m-1.f.  -         lost (lost connection)  no: (may be absent) "
              "no such name\n"
              "1 of 2 reached\n");
    EXPECT_EQ(peers_exit_code(outcomes, 1), 0);
    EXPECT_EQ(peers_exit_code(outcomes, 2), 68);
    const auto object = peers_to_json(peers, outcomes, {}, 2);
    EXPECT_EQ(object.get("exit_code").as_integer(), 68);
    EXPECT_EQ(object.get("ranks").items()[1].get("code").as_integer(), 68);
    EXPECT_FALSE(object.get("ranks").items()[0].has("broker"));
}

}  // namespace
}  // namespace muster::doctor
