// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/parent_address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::bootstrap {
namespace {

using testing::HasSubstr;

Plan make(std::vector<std::string> words, std::string user = {}) {
    LocalFacts facts;
    facts.pod.hostname = "m-2";
    if (!user.empty()) facts.user_config = broker_config::UserFile{"user.toml", std::move(user)};
    words.insert(words.end(), {"--rank=2", "--domain=d.test"});
    const auto plan = make_plan(parse_command_line(words, {}).value().settings, {}, facts);
    EXPECT_TRUE(plan) << plan.error().message;
    return plan.value();
}

/// What Flux would make of the plan's configuration.
std::vector<broker_config::Peer> peers_of(const Plan& plan) {
    const auto config = broker_config::parse(plan.broker_toml, "broker.toml");
    EXPECT_TRUE(config) << config.error().message;
    return broker_config::resolve_hosts(config.value()).value();
}

/// Everything but one peer's connect URI stays as it was.
void expect_only_change(const Plan& before, const Plan& after, std::uint32_t rank,
                        const std::string& uri) {
    auto expected = peers_of(before);
    expected.at(rank).connect = uri;
    EXPECT_EQ(peers_of(after), expected);
}

TEST(ConnectByAddress, ChangesTheParentsConnectUriOnly) {
    const Plan before = make({"--hosts=m-[0-6]"});
    Plan plan = before;
    EXPECT_TRUE(connect_by_address(plan, "10.0.0.7").value());
    expect_only_change(before, plan, 0, "tcp://10.0.0.7:8050");
}

TEST(ConnectByAddress, FindsAParentInTheMiddleOfAList) {
    const Plan before = make({"--hosts=m-[0-6]", "--topology=kary:1"});
    Plan plan = before;
    ASSERT_EQ(plan.parent->rank, 1u);
    EXPECT_TRUE(connect_by_address(plan, "10.0.0.7").value());
    expect_only_change(before, plan, 1, "tcp://10.0.0.7:8050");
}

TEST(ConnectByAddress, KeepsWhatTheUserConfigured) {
    const Plan before = make({"--hosts=m-[0-6]"},
                             "[tbon]\nconnect_timeout = \"7s\"\n[queues.debug]\n[access]\n"
                             "allow-guest-user = true\n");
    Plan plan = before;
    EXPECT_TRUE(connect_by_address(plan, "10.0.0.7").value());
    EXPECT_THAT(plan.broker_toml, HasSubstr("7s"));
    EXPECT_THAT(plan.broker_toml, HasSubstr("debug"));
    EXPECT_THAT(plan.broker_toml, HasSubstr("allow-guest-user = true"));
    expect_only_change(before, plan, 0, "tcp://10.0.0.7:8050");
}

TEST(ConnectByAddress, ChangesAUsersOwnBootstrap) {
    LocalFacts facts;
    facts.pod.hostname = "m-2";
    facts.user_config = broker_config::UserFile{
        "user.toml",
        "[bootstrap]\ncurve_cert = \"/c\"\ndefault_port = 9000\n"
        "default_bind = \"tcp://*:%p\"\ndefault_connect = \"tcp://%h.x:%p\"\n"
        "hosts = [{host = \"r\"}, {host = \"m-[1-3]\", parent = \"m-4\"}, {host = \"m-4\"},\n"
        "  {host = \"m-4\", connect = \"tcp://y:%p\"}]\n"};
    const Plan before =
        make_plan(parse_command_line(std::vector<std::string>{}, {}).value().settings, {}, facts)
            .value();
    Plan plan = before;
    ASSERT_EQ(plan.parent->rank, 4u);
    EXPECT_TRUE(connect_by_address(plan, "10.0.0.7").value());
    expect_only_change(before, plan, 4, "tcp://10.0.0.7:9000");
}

TEST(ConnectByAddress, EnablesIpv6ForSuchAnAddress) {
    Plan plan = make({"--hosts=m-[0-6]"});
    EXPECT_TRUE(connect_by_address(plan, "fd00::7").value());
    EXPECT_EQ(peers_of(plan).front().connect, "tcp://[fd00::7]:8050");
    EXPECT_TRUE(broker_config::parse(plan.broker_toml, "b").value().bootstrap->enable_ipv6);
}

TEST(ConnectByAddress, LeavesAnAddressAlone) {
    for (const auto* words : {"--addresses=10.0.0.[1-7]", "--leader-address=10.0.0.1"}) {
        Plan plan = make({"--hosts=m-[0-6]", words});
        const auto before = plan.broker_toml;
        EXPECT_FALSE(connect_by_address(plan, "10.0.0.7").value()) << words;
        EXPECT_EQ(plan.broker_toml, before);
    }
}

TEST(ConnectByAddress, NeedsAParent) {
    LocalFacts facts;
    Plan plan =
        make_plan(parse_command_line(std::vector<std::string>{"--hosts=m-0", "--rank=0"}, {})
                      .value()
                      .settings,
                  {}, facts)
            .value();
    const auto changed = connect_by_address(plan, "10.0.0.7");
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, Kind::config);
}

}  // namespace
}  // namespace muster::bootstrap
