// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/json.hpp"

namespace muster::bootstrap {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

LocalFacts pod(std::uint32_t rank) {
    LocalFacts facts;
    facts.pod.hostname = fmt::format("m-{}", rank);
    facts.pod.environment["JOB_COMPLETION_INDEX"] = std::to_string(rank);
    facts.pod.resolv_conf = discovery::ResolvConf::parse("search ns.svc.cluster.local");
    facts.pod.fqdn = facts.pod.hostname + ".flux.ns.svc.cluster.local";
    facts.shape = {.cores = 2, .gpus = 0};
    facts.flux = "/usr/bin/flux";
    facts.muster_init = "/usr/bin/muster-init";
    return facts;
}

Settings settings(std::vector<std::string> words) {
    return parse_command_line(words, {}).value().settings;
}

const std::vector<std::string> command{"hello", "a b"};

TEST(Plan, LeaderAndFollowersWriteTheSameFiles) {
    const auto leader = make_plan(settings({"--size=4"}), command, pod(0));
    ASSERT_TRUE(leader) << leader.error().message;
    EXPECT_TRUE(leader->is_leader());
    EXPECT_TRUE(leader->listens);
    for (std::uint32_t rank = 1; rank < 4; ++rank) {
        const auto follower = make_plan(settings({"--size=4"}), command, pod(rank));
        ASSERT_TRUE(follower);
        EXPECT_EQ(follower->broker_toml, leader->broker_toml);
        EXPECT_EQ(follower->resources_json, leader->resources_json);
        EXPECT_FALSE(follower->listens);
        ASSERT_TRUE(follower->parent);
        EXPECT_EQ(follower->parent->rank, 0u);
        EXPECT_EQ(follower->parent->name, "m-0.flux.ns.svc.cluster.local.");
        EXPECT_EQ(follower->parent->port, 8050);
        EXPECT_THAT(follower->argv, Not(Contains("hello")));
    }
}

TEST(Plan, IsTheSameBytesForTheSameInput) {
    const auto once = make_plan(settings({"--size=4"}), command, pod(2)).value();
    const auto again = make_plan(settings({"--size=4"}), command, pod(2)).value();
    EXPECT_EQ(format_plan_json(once), format_plan_json(again));
}

TEST(Plan, TheParentIsTheOneOfTheTopology) {
    const auto plan =
        make_plan(settings({"--size=7", "--topology=kary:2"}), command, pod(5)).value();
    EXPECT_EQ(plan.parent->rank, 2u);
    EXPECT_EQ(plan.parent->name, "m-2.flux.ns.svc.cluster.local.");
    EXPECT_TRUE(make_plan(settings({"--size=7", "--topology=kary:2"}), command, pod(2))->listens);
}

TEST(Plan, ConfiguresTheMostAndWaitsForTheLeast) {
    const auto plan =
        make_plan(settings({"--size=4", "--max-size=8", "--min-size=2"}), command, pod(0)).value();
    EXPECT_THAT(plan.argv, Contains("broker.quorum=2"));
    EXPECT_THAT(plan.broker_toml, AllOf(HasSubstr("m-[0-7]"), HasSubstr("easy")));
    EXPECT_THAT(plan.resources_json, HasSubstr("m-[0-7]"));
    EXPECT_THAT(make_plan(settings({"--size=4"}), command, pod(0))->argv,
                Contains("broker.quorum=4"));
}

TEST(Plan, LeaderAddressIsDialledInsteadOfTheName) {
    const auto plan =
        make_plan(settings({"--size=4", "--leader-address=10.96.0.7"}), command, pod(3)).value();
    EXPECT_EQ(plan.parent->name, "10.96.0.7");
    EXPECT_THAT(plan.broker_toml, HasSubstr("10.96.0.7"));
}

TEST(Plan, LeaderAddressIsTheLeadersOnly) {
    const auto plan =
        make_plan(settings({"--size=7", "--topology=kary:2", "--leader-address=rendezvous"}),
                  command, pod(5));
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->parent->name, "m-2.flux.ns.svc.cluster.local.");
    EXPECT_THAT(plan->broker_toml, HasSubstr("tcp://rendezvous.ns.svc.cluster.local.:%p"));
    const auto child =
        make_plan(settings({"--size=7", "--topology=kary:2", "--leader-address=rendezvous"}),
                  command, pod(1));
    EXPECT_EQ(child->parent->name, "rendezvous.ns.svc.cluster.local.");
}

LocalFacts container(std::uint32_t number) {
    LocalFacts facts = pod(0);
    facts.pod = {.hostname = "0123456789ab"};
    facts.pod.resolv_conf = discovery::ResolvConf::parse("nameserver 127.0.0.11");
    facts.pod.own_name.names = {fmt::format("lab_web_{}.lab_default", number)};
    return facts;
}

TEST(Plan, ContainersHaveNamesThatFluxAllowsAndAreDialledByTheirOwn) {
    const auto plan = make_plan(settings({"--size=3"}), command, container(2));
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->parent->name, "lab_web_1.");
    EXPECT_THAT(plan->argv, Contains("hostname=lab-web-1"));
    EXPECT_THAT(plan->broker_toml,
                AllOf(HasSubstr("tcp://lab_web_1.:%p"), HasSubstr("noverify = true")));
    const auto leader = make_plan(settings({"--size=3"}), command, container(1));
    EXPECT_EQ(leader->broker_toml, plan->broker_toml);
}

TEST(Plan, ComposeTakesNoTreeInWhichAGapWouldBeAParent) {
    const auto plan = make_plan(settings({"--size=3", "--topology=kary:2"}), command, container(2));
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().kind, Kind::config);
    EXPECT_THAT(plan.error().message, HasSubstr("use flat"));
}

TEST(Plan, GatesAskForWhatTheBrokerWillDial) {
    const auto family = [](std::vector<discovery::OwnAddress> own, const char* flag) {
        auto facts = pod(1);
        facts.pod.addresses = std::move(own);
        const auto plan = make_plan(settings({"--size=2", flag}), command, facts).value();
        const bool is_on = plan.broker_toml.find("enable_ipv6 = true") != std::string::npos;
        return std::pair(plan.family, is_on);
    };
    using discovery::Family;
    EXPECT_EQ(family({{"eth0", "10.0.0.2"}}, "--ip=auto"), std::pair(Family::ipv4, false));
    EXPECT_EQ(family({{"eth0", "fd00::2"}}, "--ip=auto"), std::pair(Family::ipv6, true));
    EXPECT_EQ(family({{"eth0", "10.0.0.2"}, {"eth0", "fd00::2"}}, "--ip=auto"),
              std::pair(Family::any, true));
    EXPECT_EQ(family({{"eth0", "10.0.0.2"}, {"eth0", "fd00::2"}}, "--ip=4"),
              std::pair(Family::ipv4, false));
}

TEST(Plan, WhatContradictsThePodIsNoted) {
    const auto plan = make_plan(settings({"--size=2", "--domain=k8s.example"}), command, pod(1));
    EXPECT_THAT(plan->notes, Contains(HasSubstr("resolv.conf says 'cluster.local'")));
}

TEST(Plan, AddressesAreForTheBrokerAndNamesForTheGates) {
    auto facts = pod(1);
    const auto plan =
        make_plan(settings({"--hosts=up-[0-1]", "--rank=1", "--addresses=127.3.0.[2-3]",
                            "--domain=up.local", "--dns=127.3.0.1:5353"}),
                  command, facts);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->parent->name, "up-0.up.local.");
    EXPECT_EQ(plan->parent->port, 8050);
    EXPECT_THAT(plan->broker_toml, HasSubstr("tcp://127.3.0.2:%p"));
    EXPECT_THAT(plan->argv, Contains("hostname=up-1"));
}

TEST(Plan, VerificationIsOffOnlyWhereTheUserOverrodeWhatItCompares) {
    EXPECT_THAT(make_plan(settings({"--size=2"}), command, pod(0))->broker_toml,
                Not(HasSubstr("noverify")));
    EXPECT_THAT(make_plan(settings({"--size=2", "--cores=8"}), command, pod(0))->broker_toml,
                HasSubstr("noverify = true"));
    EXPECT_THAT(make_plan(settings({"--size=2", "--resources=[0-1]:cores=1"}), command, pod(0))
                    ->broker_toml,
                HasSubstr("noverify = true"));
    EXPECT_THAT(make_plan(settings({"--hosts=a,b", "--rank=0"}), command, pod(0))->broker_toml,
                HasSubstr("noverify = true"));
}

TEST(Plan, TemporaryFilesGoBelowDirWhereTmpCannotBeWritten) {
    auto facts = pod(0);
    facts.temporary = Temporary::below_dir;
    const auto plan = make_plan(settings({"--size=2"}), command, facts).value();
    EXPECT_EQ(plan.environment.at("TMPDIR"), "/run/muster/tmp");
    EXPECT_THAT(plan.directories, Contains("/run/muster/tmp"));
    EXPECT_FALSE(
        make_plan(settings({"--size=2"}), command, pod(0))->environment.contains("TMPDIR"));
}

TEST(Plan, TmpTakesTheLeadersStateWhereVarTmpCannotBeWritten) {
    auto facts = pod(0);
    facts.temporary = Temporary::tmp;
    const auto plan = make_plan(settings({"--size=2"}), command, facts).value();
    EXPECT_EQ(plan.environment.at("TMPDIR"), "/tmp");
    EXPECT_THAT(plan.directories, Not(Contains("/run/muster/tmp")));
}

TEST(Plan, UsersTomlIsMergedAndCannotMoveTheTree) {
    auto facts = pod(0);
    facts.user_config = broker_config::UserFile{"my.toml", "[resource]\nexclude = \"0\"\n"};
    EXPECT_THAT(make_plan(settings({"--size=2"}), command, facts)->broker_toml,
                HasSubstr("exclude"));
    facts.user_config = broker_config::UserFile{"my.toml", "[tbon]\ntopo = \"kary:2\"\n"};
    const auto refused = make_plan(settings({"--size=2"}), command, facts);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::config);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("my.toml:2"), HasSubstr("--topology")));
}

TEST(Plan, UsersBootstrapTellsRankAndParent) {
    LocalFacts facts;
    facts.pod.hostname = "node1";
    facts.user_config = broker_config::UserFile{
        "my.toml",
        "[bootstrap]\ncurve_cert = \"/etc/flux/curve.cert\"\ndefault_port = 9000\ndefault_bind = "
        "\"tcp://eth0:%p\"\n"
        "default_connect = \"tcp://%h:%p\"\nhosts = [ { host = \"node[0-2]\" } ]\n"};
    const auto plan = make_plan(settings({}), command, facts);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->identity.rank, 1u);
    EXPECT_EQ(plan->identity.size, 3u);
    EXPECT_EQ(plan->parent->name, "node0");
    EXPECT_EQ(plan->parent->port, 9000);
    EXPECT_EQ(plan->certificate, "/etc/flux/curve.cert");
    EXPECT_FALSE(plan->certificate_is_ours);
    facts.pod.hostname = "elsewhere";
    const auto refused = make_plan(settings({}), command, facts);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("elsewhere"));
}

TEST(Plan, RefusesWhatCannotWork) {
    const auto refusal = [](std::vector<std::string> words) {
        const auto plan = make_plan(settings(std::move(words)), command, pod(0));
        return plan ? std::string()
                    : fmt::format("{} {}", exit_code(plan.error().kind), plan.error().message);
    };
    EXPECT_THAT(refusal({"--size=4", "--min-size=5"}),
                HasSubstr("64 min-size 5 is larger than size 4"));
    EXPECT_THAT(refusal({"--size=4", "--dir=relative"}),
                HasSubstr("64 --dir (MUSTER_DIR) 'relative' is not an absolute path"));
    EXPECT_THAT(refusal({"--size=4", "--dir=/" + std::string(100, 'd')}),
                HasSubstr("too long for a socket"));
    EXPECT_THAT(refusal({"--size=4", "--topology=ring"}),
                HasSubstr("64 --topology (MUSTER_TOPOLOGY)"));
    EXPECT_THAT(refusal({"--size=4", "--option=tbon.topo=kary:2"}), HasSubstr("--topology"));
    EXPECT_THAT(refusal({"--size=4", "--option=rank=1"}), HasSubstr("rank"));
    EXPECT_THAT(refusal({"--size=4", "--nodes=5"}), HasSubstr("64 --nodes 5"));
    EXPECT_THAT(refusal({"--size=4", "--resources=[0-1]:cores=1"}),
                HasSubstr("--resources (MUSTER_RESOURCES)"));
}

TEST(Plan, UsersAttributesReplaceOurs) {
    const auto plan =
        make_plan(
            settings({"--size=2", "--option=log-stderr-level=3", "--option=tbon.torpid_max=9s"}),
            command, pod(0))
            .value();
    EXPECT_THAT(plan.argv,
                AllOf(Contains("log-stderr-level=3"), Not(Contains("log-stderr-level=6")),
                      Contains("tbon.torpid_max=9s")));
}

TEST(Plan, BatchLinesAreAFileOfTheLeader) {
    auto facts = pod(0);
    facts.batch_lines = {"echo 1", "echo 2"};
    EXPECT_EQ(make_plan(settings({"--size=2", "--mode=batch"}), {"script"}, facts)->batch_lines,
              "echo 1\necho 2\n");
}

TEST(Plan, PrintsForPeopleAndMachines) {
    const auto plan = make_plan(settings({"--size=2"}), {"sh", "-c", "it's $X"}, pod(0)).value();
    EXPECT_THAT(format_plan(plan), AllOf(HasSubstr("rank       0 of 2"), HasSubstr("'it'\\''s $X'"),
                                         HasSubstr("not shown")));
    const auto json = json::Value::parse(format_plan_json(plan));
    ASSERT_TRUE(json);
    EXPECT_EQ(json->integer_at("rank").value(), 0);
    EXPECT_EQ(json->get("argv").items().back().as_string(), "it's $X");
    EXPECT_EQ(json->get("R").integer_at("version").value(), 1);
}

TEST(Plan, WithoutAProgramTheLeaderStaysUp) {
    EXPECT_THAT(make_plan(settings({"--size=2"}), {}, pod(0))->argv, Contains("broker.rc2_none"));
    EXPECT_THAT(make_plan(settings({"--size=2"}), command, pod(0))->argv,
                Not(Contains("broker.rc2_none")));
}

}  // namespace
}  // namespace muster::bootstrap
