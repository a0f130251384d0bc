// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::discovery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

PodFacts pod(std::string hostname, Environment environment = {}, std::string service = "flux") {
    PodFacts facts;
    facts.fqdn = service.empty() ? "" : hostname + "." + service + ".default.svc.cluster.local";
    facts.hostname = std::move(hostname);
    facts.environment = std::move(environment);
    facts.resolv_conf =
        ResolvConf::parse("search default.svc.cluster.local svc.cluster.local cluster.local");
    return facts;
}

PodFacts laptop(std::string hostname) {
    PodFacts facts;
    facts.hostname = std::move(hostname);
    return facts;
}

TEST(Identity, IndexedJobIsTheCompletionIndex) {
    const auto identity = identify({.size = 4}, pod("muster-2", {{"JOB_COMPLETION_INDEX", "2"}}));
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->platform, Platform::indexed_job);
    EXPECT_EQ(identity->rank, 2u);
    EXPECT_EQ(identity->instance, "muster");
    EXPECT_EQ(identity->hosts.format(), "muster-[0-3]");
    EXPECT_EQ(identity->host(), "muster-2");
    EXPECT_EQ(identity->dial_name(0), "muster-0.flux.default.svc.cluster.local.");
    EXPECT_EQ(identity->connect_name(0), identity->dial_name(0));
}

TEST(Identity, JobSetsNamesKeepAllButTheIndex) {
    const auto identity =
        identify({.size = 2}, pod("set-workers-0-1", {{"JOB_COMPLETION_INDEX", "1"}}));
    ASSERT_TRUE(identity);
    EXPECT_THAT(identity->hosts.hosts(), ElementsAre("set-workers-0-0", "set-workers-0-1"));
}

TEST(Identity, StatefulSetIsTheOrdinalWhereTheSearchListNamesACluster) {
    const auto identity = identify({.size = 3}, pod("flux-1"));
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->platform, Platform::stateful_set);
    EXPECT_EQ(identity->rank, 1u);
    const auto outside = identify({.size = 3}, laptop("node-1"));
    ASSERT_FALSE(outside);
    EXPECT_EQ(outside.error().kind, Kind::config);
    EXPECT_THAT(outside.error().message, HasSubstr("give --hosts"));
}

TEST(Identity, ListIsThePositionOfTheOwnName) {
    const auto identity = identify({.hosts = "login,node[1-3]"}, laptop("node2"));
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->platform, Platform::list);
    EXPECT_EQ(identity->rank, 2u);
    EXPECT_EQ(identity->size, 4u);
    EXPECT_EQ(identity->dial_name(0), "login");
    EXPECT_EQ(identify({.name = "node3", .hosts = "login,node[1-3]"}, laptop("x"))->rank, 3u);
    EXPECT_EQ(identify({.rank = 1, .hosts = "login,node[1-3]"}, laptop("x"))->host(), "node1");
}

TEST(Identity, ListWinsOverThePlatform) {
    EXPECT_EQ(identify({.hosts = "a-[0-1],b"}, pod("b", {{"JOB_COMPLETION_INDEX", "0"}}))->rank,
              2u);
}

TEST(Identity, ListMayHaveMoreRanksThanStart) {
    const auto identity = identify({.size = 2, .hosts = "a[0-7]"}, laptop("a0"));
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->size, 2u);
    EXPECT_EQ(identity->max_size, 8u);
}

TEST(Identity, AddressesAreWhatBrokersConnectTo) {
    const auto identity = identify(
        {.rank = 1, .domain = "up.muster.local", .hosts = "up-[0-1]", .addresses = "127.3.0.[2-3]"},
        laptop("x"));
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->dial_name(0), "up-0.up.muster.local.");
    EXPECT_EQ(identity->connect_name(0), "127.3.0.2");
    EXPECT_EQ(identify({.rank = 1, .hosts = "up-[0-1]", .addresses = "127.3.0.[2-3]"}, laptop("x"))
                  ->dial_name(0),
              "127.3.0.2");
}

TEST(Identity, OneBrokerNeedsNoPlatform) {
    const auto identity = identify({}, laptop("box"));
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->platform, Platform::single);
    EXPECT_EQ(identity->host(), "box");
    EXPECT_EQ(identify({.size = 1}, pod("muster-0", {{"JOB_COMPLETION_INDEX", "0"}}, ""))->suffix,
              "");
}

TEST(Identity, QualifiedHostnamesStayQualified) {
    auto facts = pod("muster-1", {{"JOB_COMPLETION_INDEX", "1"}});
    facts.hostname = facts.fqdn;
    const auto identity = identify({.size = 2}, facts);
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->host(), "muster-1.flux.default.svc.cluster.local");
    EXPECT_EQ(identity->dial_name(0), "muster-0.flux.default.svc.cluster.local.");
}

TEST(Identity, SettingsWinOverWhatThePodSays) {
    const auto identity =
        identify({.size = 2, .service = "other", .namespace_name = "hpc", .domain = "k8s.example"},
                 pod("m-0", {{"JOB_COMPLETION_INDEX", "0"}}));
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->dial_name(1), "m-1.other.hpc.svc.k8s.example.");
}

struct Refusal {
    const char* what;
    IdentityRequest request;
    PodFacts facts;
    Kind kind;
    const char* text;
};

TEST(Identity, RefusesWhatCannotWorkAndNamesTheSetting) {
    const Environment index1{{"JOB_COMPLETION_INDEX", "1"}};
    const std::string long_name(62, 'a');
    const Refusal refusals[] = {
        {"no size", {}, pod("m-1", index1), Kind::usage, "give --size"},
        {"size over max-size",
         {.size = 4, .max_size = 2},
         pod("m-1", index1),
         Kind::usage,
         "size 4 is larger than max-size 2"},
        {"rank over max-size",
         {.size = 1},
         pod("m-1", index1),
         Kind::config,
         "rank 1 of an Indexed Job is beyond max-size 1"},
        {"index is a word",
         {.size = 4},
         pod("m-1", {{"JOB_COMPLETION_INDEX", "one"}}),
         Kind::config,
         "JOB_COMPLETION_INDEX is 'one'"},
        {"hostname set by hand",
         {.size = 4},
         pod("custom", index1),
         Kind::config,
         "hostname 'custom' does not end in -1"},
        {"63 characters",
         {.size = 4},
         pod(long_name + "-1", index1),
         Kind::config,
         "64 characters, DNS allows 63"},
        {"underscore", {.hosts = "a_[0-1]"}, laptop("a_0"), Kind::config, "the character '_'"},
        {"not in the list",
         {.hosts = "a[0-1]"},
         laptop("b"),
         Kind::config,
         "'b', is not in --hosts"},
        {"twice in the list", {.hosts = "a,a"}, laptop("a"), Kind::config, "names a host twice"},
        {"bad list",
         {.hosts = "a["},
         laptop("a"),
         Kind::usage,
         "--hosts (MUSTER_HOSTS): hostlist 'a['"},
        {"size beyond the list",
         {.size = 3, .hosts = "a[0-1]"},
         laptop("a0"),
         Kind::usage,
         "size 3 is larger than the list: --hosts (MUSTER_HOSTS) names 2 hosts: add hosts to it, "
         "or "
         "lower --size (MUSTER_SIZE)"},
        {"max-size beyond the list",
         {.max_size = 9, .hosts = "a[0-1]"},
         laptop("a0"),
         Kind::usage,
         "--hosts names 2 hosts"},
        {"no service", {.size = 2}, pod("m-1", index1, ""), Kind::config, "give --service"},
        {"addresses too few",
         {.hosts = "a[0-1]", .addresses = "127.0.0.2"},
         laptop("a0"),
         Kind::usage,
         "1 addresses for 2 ranks"},
        {"peers unknown", {.size = 3}, laptop("box"), Kind::config, "does not tell which rank"},
    };
    for (const auto& refusal : refusals) {
        const auto identity = identify(refusal.request, refusal.facts);
        ASSERT_FALSE(identity) << refusal.what;
        EXPECT_EQ(identity.error().kind, refusal.kind)
            << refusal.what << ": " << identity.error().message;
        EXPECT_THAT(identity.error().message, HasSubstr(refusal.text)) << refusal.what;
    }
}

TEST(Identity, AllPodsComputeTheSameHosts) {
    for (std::uint32_t rank = 0; rank < 16; ++rank) {
        const auto index = std::to_string(rank);
        const auto identity =
            identify({.size = 16}, pod("m-" + index, {{"JOB_COMPLETION_INDEX", index}}));
        ASSERT_TRUE(identity);
        EXPECT_EQ(identity->hosts.format(), "m-[0-15]");
        EXPECT_EQ(identity->host(), "m-" + index);
        EXPECT_EQ(identity->instance, "m");
    }
}

TEST(ImaginePod, IsWhatThePodOfThatRankWouldKnow) {
    const auto third = imagine_pod(pod("m-0", {{"JOB_COMPLETION_INDEX", "0"}}), {}, 3);
    EXPECT_EQ(third.hostname, "m-3");
    EXPECT_EQ(third.fqdn, "m-3.flux.default.svc.cluster.local");
    EXPECT_EQ(identify({.size = 4}, third)->rank, 3u);
    EXPECT_EQ(imagine_pod(laptop("b"), {.hosts = "a,b,c"}, 2).hostname, "c");
    EXPECT_EQ(imagine_pod(laptop("x"), {.hosts = "a,b,c"}, 2).hostname, "x");
    EXPECT_EQ(imagine_pod(laptop("x"), {}, 2).hostname, "x");
    EXPECT_EQ(imagine_pod(laptop("web-2"), {}, 3).hostname, "web-2") << "no platform, no pods";
}

}  // namespace
}  // namespace muster::discovery
