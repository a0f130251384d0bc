// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace muster::broker_config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Bootstrap with_hosts(std::vector<HostEntry> hosts) {
    return {.curve_cert = "/c",
            .default_port = 8050,
            .default_bind = "tcp://*:%p",
            .default_connect = "tcp://%h:%p",
            .hosts = std::move(hosts)};
}

std::vector<std::string> names(const std::vector<Peer>& peers) {
    std::vector<std::string> names;
    for (const auto& peer : peers) names.push_back(peer.host);
    return names;
}

TEST(ResolveHosts, ExpandsListsInRankOrder) {
    const auto peers = resolve_hosts(with_hosts({{.host = "b"}, {.host = "a[2,0-1]"}})).value();
    EXPECT_THAT(names(peers), ElementsAre("b", "a2", "a0", "a1"));
    EXPECT_EQ(peers[0], (Peer{0, "b", "tcp://*:8050", "tcp://b:8050", std::nullopt}));
    EXPECT_EQ(peers[3], (Peer{3, "a1", "tcp://*:8050", "tcp://a1:8050", 0}));
}

TEST(ResolveHosts, MergesRepeatedHostsByAddingMissingKeys) {
    // flux-config-bootstrap(5), COMPACT HOSTS.
    const auto peers =
        resolve_hosts(
            with_hosts(
                {{.host = "t[0-5]", .bind = "tcp://first:1"},
                 {.host = "t[1,3]", .parent = "t0"},
                 {.host = "t2", .bind = "tcp://no:1", .connect = "tcp://yes:1", .parent = "t1"},
                 {.host = "t[4-5]", .parent = "t3"}}))
            .value();
    EXPECT_THAT(names(peers), ElementsAre("t0", "t1", "t2", "t3", "t4", "t5"));
    EXPECT_EQ(peers[2], (Peer{2, "t2", "tcp://first:1", "tcp://yes:1", 1}));
    EXPECT_EQ(peers[5].parent, 3u);
}

TEST(ResolveHosts, ReplacesTokens) {
    auto bootstrap = with_hosts(
        {{.host = "a", .bind = "ipc:///run/%h-%%-%x-%p%", .connect = "tcp://%h.%h.:%p"}});
    const auto peers = resolve_hosts(bootstrap).value();
    EXPECT_EQ(peers[0].bind, "ipc:///run/a-%-%x-8050");
    EXPECT_EQ(peers[0].connect, "tcp://a.a.:8050");
}

TEST(ResolveHosts, NoHostsIsASingleton) {
    EXPECT_THAT(resolve_hosts({}).value(), IsEmpty());
}

TEST(ResolveHosts, UrisMayBeAbsent) {
    const auto peers = resolve_hosts({.hosts = {{.host = "a[0-1]"}}}).value();
    EXPECT_EQ(peers[1], (Peer{1, "a1", std::nullopt, std::nullopt, 0}));
}

struct Refused {
    std::string what;
    Bootstrap bootstrap;
    std::string reason;
};

std::vector<Refused> refused_hosts() {
    const std::string long_label(64, 'a');
    std::string long_name = "a";
    while (long_name.size() <= 253) long_name += ".aa";
    auto no_port = with_hosts({{.host = "a"}});
    no_port.default_port.reset();
    return {
        {"hostlist", with_hosts({{.host = "a"}, {.host = "b[1-0]"}}),
         "bootstrap.hosts[1]: host key is not a valid RFC 29 hostlist"},
        {"underscore", with_hosts({{.host = "flux_sample-0"}}),
         "bootstrap.hosts[0]: flux_sample-0 domain label contains invalid character '_' (0x5f)"},
        {"leading dash", with_hosts({{.host = "a"}, {.host = "b.-c"}}),
         "bootstrap.hosts[1]: b.-c domain label must not start or end with '-'"},
        {"trailing dash", with_hosts({{.host = "a-"}}), "must not start or end with '-'"},
        {"long label", with_hosts({{.host = long_label}}), "must be 1-63 characters"},
        {"long name", with_hosts({{.host = long_name}}), "domain must be 1-253 characters"},
        {"second bracket", with_hosts({{.host = "a[0-1]b[0-1]"}}),
         "a0b[0-1] domain label contains invalid character '[' (0x5b)"},
        {"wildcard", with_hosts({{.host = "a", .bind = "tcp://eth0:*"}}),
         "bootstrap.hosts[0]: bind key tcp://eth0:* contains 0MQ port wildcard"},
        {"no scheme", with_hosts({{.host = "a", .bind = "eth0:8050"}}),
         "bootstrap.hosts[0]: bind key eth0:8050 has no URI scheme"},
        {"short URI", with_hosts({{.host = "a", .bind = "a://"}}),
         "bind key a:// URI scheme must be tcp or ipc"},
        {"scheme", with_hosts({{.host = "a", .connect = "pgm://x"}}),
         "bootstrap.hosts[0]: connect key pgm://x URI scheme must be tcp or ipc"},
        {"no address", with_hosts({{.host = "a", .connect = "tcp://"}}),
         "connect key tcp:// address is empty"},
        {"no path", with_hosts({{.host = "a", .bind = "ipc://"}}),
         "bind key ipc:// socket path is empty"},
        {"long path", with_hosts({{.host = "a", .bind = "ipc://" + std::string(109, 'x')}}),
         "socket path must not exceed 108 bytes"},
        {"long URI", with_hosts({{.host = "a", .bind = "tcp://" + std::string(2043, 'x')}}),
         "bind key is too long"},
        {"no port", no_port, "bind key uses %p, so default_port must be set"},
        {"self", with_hosts({{.host = "a"}, {.host = "b", .parent = "b"}}),
         "bootstrap.hosts[1]: parent key refers to self"},
        {"unknown parent", with_hosts({{.host = "a"}, {.host = "b", .parent = "c"}}),
         "bootstrap.hosts[1]: parent key refers to unknown host"},
        {"parent of rank 0", with_hosts({{.host = "a", .parent = "b"}, {.host = "b"}}),
         "rank 0 (a) may not have a parent in a tree topology"},
        {"cycle",
         with_hosts({{.host = "a"},
                     {.host = "b", .parent = "d"},
                     {.host = "c", .parent = "b"},
                     {.host = "d", .parent = "c"},
                     {.host = "e", .parent = "d"}}),
         "parent \"c\" for d (rank 3) violates rule against cycles"},
    };
}

TEST(ResolveHosts, RefusesWhatFluxRefuses) {
    for (auto& [what, bootstrap, reason] : refused_hosts()) {
        auto located = bootstrap;
        located.file = "b.toml";
        for (auto& entry : located.hosts) entry.line.number = 7;
        const auto peers = resolve_hosts(located);
        ASSERT_FALSE(peers) << what;
        EXPECT_EQ(peers.error().kind, Kind::config);
        EXPECT_THAT(peers.error().message, HasSubstr(reason)) << what;
        EXPECT_THAT(peers.error().message, HasSubstr("b.toml:7: bootstrap.hosts["));
    }
}

TEST(ResolveHosts, AcceptsWhatFluxAccepts) {
    EXPECT_TRUE(resolve_hosts(with_hosts({{.host = "a.b.c."}, {.host = "A9"}, {.host = "1"}})));
    EXPECT_TRUE(resolve_hosts(with_hosts({{.host = std::string(63, 'a')}})));
    EXPECT_TRUE(
        resolve_hosts(with_hosts({{.host = "a", .bind = "ipc://" + std::string(108, 'x')}})));
    EXPECT_TRUE(
        resolve_hosts(with_hosts({{.host = "a", .bind = "tcp://" + std::string(2042, 'x')}})));
    EXPECT_TRUE(resolve_hosts(with_hosts({{.host = "a", .connect = "tcp://[fd00::1]:8050"}})));
}

TEST(RankOf, FindsExactNamesOnly) {
    const auto peers = resolve_hosts(with_hosts({{.host = "a[0-2]"}})).value();
    EXPECT_EQ(rank_of(peers, "a2"), 2u);
    EXPECT_EQ(rank_of(peers, "a2.x").error().message, "a2.x not found in hosts");
    EXPECT_EQ(rank_of(peers, "A2").error().kind, Kind::config);
}

TEST(CheckBootstrap, FindsWhatFluxFindsOnlyWhenItRuns) {
    const auto check = [](Bootstrap bootstrap, std::string_view hostname) -> std::string {
        const auto peers = resolve_hosts(bootstrap).value();
        const auto checked = check_bootstrap(bootstrap, peers, hostname);
        return checked ? "" : checked.error().message;
    };
    auto good = with_hosts({{.host = "a[0-2]"}, {.host = "a3", .parent = "a1"}});
    EXPECT_EQ(check(good, "a3"), "");
    EXPECT_THAT(check(good, "b"), HasSubstr("b not found in hosts"));
    auto no_cert = good;
    no_cert.curve_cert.reset();
    EXPECT_THAT(check(no_cert, "a0"), HasSubstr("curve_cert must be defined for size > 1"));
    auto no_bind = good;
    no_bind.default_bind.reset();
    EXPECT_THAT(check(no_bind, "a0"), HasSubstr("bind URI is undefined for rank 0"));
    no_bind.hosts.insert(no_bind.hosts.begin(), {.host = "a0", .bind = "tcp://*:1"});
    EXPECT_THAT(check(no_bind, "a0"), HasSubstr("bind URI is undefined for rank 1"));
    auto no_connect = good;
    no_connect.default_connect.reset();
    EXPECT_THAT(check(no_connect, "a0"), HasSubstr("connect URI is undefined for rank 0"));
    EXPECT_EQ(check(with_hosts({{.host = "a"}}), "a"), "");
    EXPECT_EQ(check({}, "whoever"), "");
}

TEST(MakeHostEntries, GroupsNeighboursWithTheSameParent) {
    const auto hosts = Hostlist::parse("m-[0-8]").value();
    const auto entries = [&](const char* topology) {
        std::vector<std::string> text;
        for (const auto& entry : make_host_entries(hosts, Topology::parse(topology).value()))
            text.push_back(entry.host + (entry.parent ? " < " + *entry.parent : ""));
        return text;
    };
    EXPECT_THAT(entries("flat"), ElementsAre("m-[0-8]"));
    EXPECT_THAT(entries("kary:2"),
                ElementsAre("m-[0-2]", "m-[3-4] < m-1", "m-[5-6] < m-2", "m-[7-8] < m-3"));
    EXPECT_THAT(entries("mincrit:2"), ElementsAre("m-[0-2]", "m-3 < m-1", "m-4 < m-2", "m-5 < m-1",
                                                  "m-6 < m-2", "m-7 < m-1", "m-8 < m-2"));
    EXPECT_THAT(make_host_entries({}, {}), IsEmpty());
}

TEST(MakeHostEntries, KeepsOverridesApart) {
    const auto hosts = Hostlist::parse("m-[0-4]").value();
    const std::vector<HostOverride> overrides{{0, "tcp://127.0.0.2:1", "tcp://127.0.0.2:1"},
                                              {3, std::nullopt, "tcp://10.0.0.3:%p"}};
    const auto entries = make_host_entries(hosts, {}, overrides);
    EXPECT_THAT(
        entries,
        ElementsAre(
            HostEntry{.host = "m-0", .bind = "tcp://127.0.0.2:1", .connect = "tcp://127.0.0.2:1"},
            HostEntry{.host = "m-[1-2]"}, HostEntry{.host = "m-3", .connect = "tcp://10.0.0.3:%p"},
            HostEntry{.host = "m-4"}));
}

RC_GTEST_PROP(MakeHostEntriesLaw, ResolvesToTheTopologyAndRepeatsNobody, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 400);
    const auto fanout = *rc::gen::inRange<std::uint32_t>(0, 20);
    const auto text = *rc::gen::element<std::string>(
        "flat", "binomial", fmt::format("kary:{}", fanout), fmt::format("mincrit:{}", fanout));
    const auto topology = Topology::parse(text).value();
    const auto hosts = Hostlist::parse(fmt::format("node[0-{}]", size - 1)).value();
    const auto entries = make_host_entries(hosts, topology);
    std::size_t named = 0;
    for (const auto& entry : entries) named += Hostlist::parse(entry.host).value().size();
    RC_ASSERT(named == size);
    const auto peers = resolve_hosts(with_hosts(entries)).value();
    RC_ASSERT(names(peers) == hosts.hosts());
    for (const auto& peer : peers) RC_ASSERT(peer.parent == topology.parent_of(peer.rank, size));
}

}  // namespace
}  // namespace muster::broker_config
