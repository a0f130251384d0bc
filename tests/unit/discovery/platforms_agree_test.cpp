// SPDX-License-Identifier: Apache-2.0
// All pods of an instance compute the same names, and those where Flux looks for them.
#include <gtest/gtest.h>

#include "platform_pods.hpp"

namespace muster::discovery {
namespace {

TEST(WholeName, IsWhereTheBrokersOwnLookUpLeads) {
    PodFacts machine;
    machine.resolv_conf = ResolvConf::parse("search example.org example.com\nnameserver 192.0.2.1");
    machine.hosts_file =
        "127.0.0.1 localhost\n192.0.2.7 node7.lan node7  # the seventh\n"
        "fd00::8 node8\n192.0.2.8 node8\nfd00::9 node9\n";
    struct Case {
        const char* name;
        Family family;
        const PodFacts& facts;
        const char* expected;
    };
    const PodFacts in_pod = job("m-1", 1);
    const PodFacts in_container = container("lab-web-1.lab_default");
    const PodFacts nowhere;
    const Case cases[] = {
        {"node7", Family::ipv4, machine, "192.0.2.7"},
        {"node7", Family::any, machine, "192.0.2.7"},
        {"node7.lan", Family::ipv4, machine, "192.0.2.7"},
        {"node8", Family::any, machine, "fd00::8"},
        {"node8", Family::ipv4, machine, "192.0.2.8"},
        {"node9", Family::ipv4, machine, "node9.example.org."},
        {"node1", Family::ipv4, machine, "node1.example.org."},
        {"node1.", Family::ipv4, machine, "node1."},
        {"node1.lan", Family::ipv4, machine, "node1.lan."},
        {"192.0.2.3", Family::ipv4, machine, "192.0.2.3"},
        {"fd00::3", Family::ipv6, machine, "fd00::3"},
        {"m-0", Family::ipv4, in_pod, "m-0.lab.svc.k8s.example."},
        {"m-0.flux", Family::ipv4, in_pod, "m-0.flux.lab.svc.k8s.example."},
        {"m-0.flux.lab.svc.k8s.example.", Family::ipv4, in_pod, "m-0.flux.lab.svc.k8s.example."},
        {"web", Family::ipv4, in_container, "web"},
        {"web", Family::ipv4, nowhere, "web"},
    };
    for (const auto& row : cases)
        EXPECT_EQ(whole_name(row.name, row.facts, row.family), row.expected) << row.name;
}

/// The laws of an instance: whoever computes, all see the same hosts, and nobody shares a rank.
void expect_one_instance(const IdentityRequest& request, const std::vector<PodFacts>& pods) {
    std::vector<Identity> identities;
    for (const auto& facts : pods) {
        auto identity = identify(request, facts);
        ASSERT_TRUE(identity) << identity.error().message;
        identities.push_back(*std::move(identity));
    }
    for (std::uint32_t rank = 0; rank < identities.size(); ++rank) {
        const auto& one = identities[rank];
        EXPECT_EQ(one.rank, rank);
        EXPECT_EQ(one.hosts, identities[0].hosts);
        EXPECT_EQ(one.instance, identities[0].instance);
        EXPECT_EQ(one.max_size, one.hosts.size());
        EXPECT_EQ(one.hosts, one.hosts.without_duplicates());
        for (std::uint32_t other = 0; other < one.max_size; ++other)
            EXPECT_EQ(one.dial_name(other), identities[0].dial_name(other));
        // What `muster plan --rank` imagines of any pod is what that pod sees itself.
        for (std::uint32_t from = 0; from < pods.size(); ++from) {
            const auto imagined = identify(request, imagine_pod(pods[from], request, rank));
            ASSERT_TRUE(imagined) << imagined.error().message;
            EXPECT_EQ(imagined->rank, rank);
            EXPECT_EQ(imagined->hosts, one.hosts);
        }
    }
}

TEST(Platforms, AllPodsOfAnInstanceComputeTheSame) {
    const auto make = [](std::uint32_t size, auto facts_of) {
        std::vector<PodFacts> pods;
        for (std::uint32_t i = 0; i < size; ++i) pods.push_back(facts_of(static_cast<int>(i)));
        return pods;
    };
    const std::string tail = ".flux.lab.svc.k8s.example";
    for (const std::uint32_t size : {1u, 2u, 11u, 16u}) {
        const IdentityRequest request{.size = size};
        const IdentityRequest shifted{.size = size, .ordinals_start = 9};
        for (const auto& fqdn : {std::string(), tail}) {
            expect_one_instance(request, make(size, [&](int i) {
                                    return job(fmt::format("set-w-0-{}", i), i, fqdn);
                                }));
            expect_one_instance(
                request, make(size, [&](int i) { return pod(fmt::format("db-{}", i), {}, fqdn); }));
            expect_one_instance(shifted, make(size, [&](int i) {
                                    return pod(fmt::format("db-{}", 9 + i), {}, fqdn);
                                }));
            expect_one_instance(request, make(size, [&](int i) {
                                    return lws(i == 0 ? "l-0" : fmt::format("l-0-{}", i), i,
                                               "l-0.flux.lab", fqdn);
                                }));
        }
        for (const auto* base : {"proj-web-", "proj_web_"})
            expect_one_instance(request, make(size, [&](int i) {
                                    return container(fmt::format("{}{}.net", base, i + 1));
                                }));
    }
}

}  // namespace
}  // namespace muster::discovery
