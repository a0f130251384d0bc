// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/resolv_conf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kubernetes =
    "# written by kubelet\n"
    "search default.svc.cluster.local svc.cluster.local cluster.local\n"
    "nameserver 10.96.0.10\n"
    "options ndots:5\n";

TEST(ResolvConf, ReadsWhatKubeletWrites) {
    const auto conf = ResolvConf::parse(kubernetes);
    EXPECT_THAT(conf.nameservers, ElementsAre("10.96.0.10"));
    EXPECT_THAT(conf.search,
                ElementsAre("default.svc.cluster.local", "svc.cluster.local", "cluster.local"));
}

TEST(ResolvConf, TakesTheLastSearchOrDomainLine) {
    EXPECT_THAT(ResolvConf::parse("search a b\ndomain c.\n").search, ElementsAre("c"));
    EXPECT_THAT(ResolvConf::parse("domain c\nsearch a. b ; why\n").search, ElementsAre("a", "b"));
}

TEST(ResolvConf, SkipsWhatItDoesNotKnow) {
    const auto conf =
        ResolvConf::parse("nameserver\n\n  \t\nsortlist 1.2.3.4\nnameserver\t::1\r\nfoo");
    EXPECT_THAT(conf.nameservers, ElementsAre("::1"));
    EXPECT_THAT(conf.search, IsEmpty());
}

TEST(ClusterDomain, IsTheFirstNamespacedEntryWhateverTheDomain) {
    const auto cluster =
        cluster_domain(ResolvConf::parse("search hpc.svc.k8s.example.org svc.k8s.example.org"));
    ASSERT_TRUE(cluster);
    EXPECT_EQ(cluster->namespace_name, "hpc");
    EXPECT_EQ(cluster->domain, "k8s.example.org");
}

TEST(ClusterDomain, IsNotSeenElsewhere) {
    EXPECT_FALSE(cluster_domain(ResolvConf::parse("search example.org")));
    EXPECT_FALSE(
        cluster_domain(ResolvConf::parse("search svc.cluster.local a.b.svc.cluster.local")));
    EXPECT_FALSE(cluster_domain(ResolvConf{}));
}

TEST(HostsFile, TellsThePodsQualifiedName) {
    constexpr auto hosts =
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost\n"
        "10.1.2.3\tmuster-0.flux.default.svc.cluster.local\tmuster-0\n";
    EXPECT_EQ(hosts_file_fqdn(hosts, "muster-0"), "muster-0.flux.default.svc.cluster.local");
    EXPECT_EQ(hosts_file_fqdn(hosts, "muster-1"), "");
    EXPECT_EQ(hosts_file_fqdn(hosts, "localhost"), "");
    EXPECT_EQ(hosts_file_fqdn("10.1.2.3 muster-01.x muster-0\n", "muster-0"), "");
}

}  // namespace
}  // namespace muster::discovery
