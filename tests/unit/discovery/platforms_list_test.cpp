// SPDX-License-Identifier: Apache-2.0
// The same of a container of compose, of a list of hosts, and of a leader that is dialled
// elsewhere.
#include <gtest/gtest.h>

#include "platform_pods.hpp"

namespace muster::discovery {
namespace {

TEST(Platforms, Compose) {
    const std::string long_base(61, 'p');
    check({
        {"compose v2",
         {.size = 3},
         container("proj-web-2.proj_default"),
         "1/3 of compose: proj-web-[0-2]; dial proj-web-1. proj-web-3."},
        {"compose v1",
         {.size = 3},
         container("proj_web_3.proj_default"),
         "2/3 of compose: proj-web-[0-2]; dial proj_web_1. proj_web_3."},
        {"dots in the service's name",
         {.size = 2},
         container("proj-my.web-1.proj_default"),
         "0/2 of compose: proj-my.web-[0-1]; dial proj-my.web-1. proj-my.web-2."},
        {"a name given",
         {.name = "flux", .size = 2},
         container("proj-web-2.net"),
         "1/2 of compose: flux-[0-1]; dial proj-web-1. proj-web-2."},
        {"elastic",
         {.size = 1, .max_size = 4},
         container("proj-web-4.net"),
         "3/1/4 of compose: proj-web-[0-3]; dial proj-web-1. proj-web-4."},
        {"no size",
         {},
         container("proj-web-1.net"),
         "usage: the number of brokers is not known: give --size (MUSTER_SIZE)"},
        {"one broker, and docker run",
         {.size = 1},
         container("jolly_turing.net"),
         "0/1 of a single broker: 0123456789ab; dial 0123456789ab 0123456789ab"},
        {"beyond max-size, or a gap",
         {.size = 3},
         container("proj-web-4.net"),
         "config: container proj-web-4 is number 4 of its service, but max-size is 3: raise "
         "--max-size (MUSTER_MAX_SIZE), or let compose count anew (docker compose down, then up)"},
        {"the second of one",
         {.size = 1},
         container("proj-web-2.net"),
         "config: container proj-web-2 is number 2 of its service, but max-size is 1: raise "
         "--max-size (MUSTER_MAX_SIZE), or let compose count anew (docker compose down, then up)"},
        {"a one-off",
         {.size = 3},
         container("proj-web-run-0123456789ab.proj_default"),
         "config: container 'proj-web-run-0123456789ab' is a one-off of `docker compose run`, "
         "which has no number: use `docker compose up --scale SERVICE=N`"},
        {"a one-off of v1",
         {.size = 3},
         container("proj_web_run_999999999999.proj_default"),
         "config: container 'proj_web_run_999999999999' is a one-off of `docker compose run`, "
         "which has no number: use `docker compose up --scale SERVICE=N`"},
        {"container_name",
         {.size = 3},
         container("leader.proj_default"),
         "config: container 'leader' has no number: remove container_name from the compose file, "
         "and scale the service; elsewhere than in compose give --hosts (MUSTER_HOSTS)"},
        {"not told",
         {.size = 3},
         unnamed("172.18.0.3: no such name, asked 9 times in 5 s", true),
         "config: Docker's name server does not say which container this is (172.18.0.3: no such "
         "name, asked 9 times in 5 s): start it by `docker compose up`, or give --hosts "
         "(MUSTER_HOSTS)"},
        {"silence",
         {.size = 3},
         unnamed("172.18.0.3: no answer, asked 9 times in 5 s", false),
         "unavailable: Docker's name server does not say which container this is (172.18.0.3: no "
         "answer, asked 9 times in 5 s): start it by `docker compose up`, or give --hosts "
         "(MUSTER_HOSTS)"},
        {"another rank asked for",
         {.rank = 2, .size = 3},
         container("proj-web-2.net"),
         "config: this is container proj-web-2, rank 1, but --rank (MUSTER_RANK) says 2: leave "
         "--rank out, two containers must not have one rank"},
        {"63 characters",
         {.size = 11},
         container(long_base + "-1.net"),
         fmt::format("config: name part '{}-10' has 64 characters, DNS allows 63: shorten the "
                     "project's or the service's name, or --name (MUSTER_NAME)",
                     long_base)},
        {"a list wins",
         {.hosts = "0123456789ab,b"},
         container("proj-web-2.net"),
         "0/2 of a host list: 0123456789ab,b; dial 0123456789ab b"},
    });
}

TEST(Platforms, List) {
    PodFacts box;
    box.hostname = "b";
    PodFacts qualified;
    qualified.hostname = "b.example.org";
    check({
        {"not in the list",
         {.hosts = "a,c"},
         box,
         "config: this host, 'b', is not in --hosts (MUSTER_HOSTS) 'a,c': add it, or give --rank "
         "(MUSTER_RANK)"},
        {"its short name is",
         {.hosts = "a,b"},
         qualified,
         "config: this host, 'b.example.org', is not in --hosts (MUSTER_HOSTS) 'a,b', though 'b' "
         "is: give --name b (MUSTER_NAME)"},
        {"with that name",
         {.name = "b", .hosts = "a,b"},
         qualified,
         "1/2 of a host list: a,b; dial a b"},
        {"the rank of another",
         {.rank = 0, .hosts = "a,b"},
         box,
         "config: this host, 'b', is rank 1 of --hosts (MUSTER_HOSTS), but --rank (MUSTER_RANK) "
         "says 0: leave --rank out, two pods must not have one rank"},
        {"several ranks on one host, told apart by address",
         {.rank = 0, .hosts = "a,b", .addresses = "127.0.0.[2-3]"},
         box,
         "0/2 of a host list: a,b; dial 127.0.0.2 127.0.0.3"},
        {"ordinals-start is of another platform",
         {.hosts = "a,b", .ordinals_start = 2},
         box,
         "config: --ordinals-start (MUSTER_ORDINALS_START) is 2, but a host list counts from 0: "
         "leave it out"},
        {"a rank for a host that has none",
         {.rank = 0, .hosts = "a,c"},
         box,
         "0/2 of a host list: a,c; dial a c"},
    });
}

TEST(Platforms, LeaderAddress) {
    const auto dial = [](const std::string& address, const PodFacts& facts) {
        const auto identity = identify({.size = 2, .leader_address = address}, facts);
        return identity ? identity->dial_name(0) + " " + identity->connect_name(1)
                        : identity.error().message;
    };
    const auto facts = job("m-1", 1);
    const std::string own = " m-1.flux.lab.svc.k8s.example.";
    EXPECT_EQ(dial("10.96.0.7", facts), "10.96.0.7" + own);
    EXPECT_EQ(dial("fd00::7", facts), "fd00::7" + own);
    EXPECT_EQ(dial("[fd00::7]", facts), "fd00::7" + own);
    EXPECT_EQ(dial("flux-leader", facts), "flux-leader.lab.svc.k8s.example." + own);
    EXPECT_EQ(dial("flux-leader.prod", facts), "flux-leader.prod.svc.k8s.example." + own);
    EXPECT_EQ(dial("flux-leader.prod.svc", facts), "flux-leader.prod.svc.k8s.example." + own);
    EXPECT_EQ(dial("m-0.flux", facts), "m-0.flux.lab.svc.k8s.example." + own);
    EXPECT_EQ(dial("leader.example.org", facts), "leader.example.org." + own);
    EXPECT_EQ(dial("leader.", facts), "leader." + own);
    for (const auto* bad : {"10.96.0.7:8050", "tcp://leader", "[leader]"})
        EXPECT_EQ(dial(bad, facts),
                  fmt::format("--leader-address (MUSTER_LEADER_ADDRESS) '{}' is neither a name nor "
                              "an address: a port is given by --port (MUSTER_PORT)",
                              bad));
    EXPECT_EQ(dial("a..b", facts),
              "name 'a..b' has an empty part: correct --leader-address (MUSTER_LEADER_ADDRESS)");
}

}  // namespace
}  // namespace muster::discovery
