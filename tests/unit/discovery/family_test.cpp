// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/family.hpp"

#include <gtest/gtest.h>

namespace muster::discovery {
namespace {

const std::vector<OwnAddress> nothing;
const std::vector<OwnAddress> ipv4{{"eth0", "10.0.0.5"}};
const std::vector<OwnAddress> ipv6{{"eth0", "fd00::5"}};
const std::vector<OwnAddress> dual{{"eth0", "10.0.0.5"}, {"eth0", "fd00::5"}};
const std::vector<OwnAddress> split{{"eth0", "10.0.0.5"}, {"net1", "fd00::5"}};
const std::vector<std::string> numbers4{"127.3.0.2", "127.3.0.3"};
const std::vector<std::string> numbers6{"[fd00::2]", "fd00::3"};

std::string describe(const Result<FamilyChoice>& choice) {
    if (!choice) return choice.error().message;
    const std::string gates = choice->gates == Family::any    ? "any"
                              : choice->gates == Family::ipv4 ? "4"
                                                              : "6";
    return (choice->enable_ipv6 ? "on " : "off ") + gates;
}

TEST(ChooseFamily, IsWhatThePodAndTheNumbersAllow) {
    struct Row {
        const char* what;
        FamilyRequest request;
        const std::vector<OwnAddress>& own;
        const char* expected;
    };
    const Row rows[] = {
        {"nothing is known", {}, nothing, "off 4"},
        {"IPv4", {}, ipv4, "off 4"},
        {"IPv6 only", {}, ipv6, "on 6"},
        {"dual stack", {}, dual, "on any"},
        {"asked for 4", {.ip = Family::ipv4}, dual, "off 4"},
        {"asked for 6", {.ip = Family::ipv6}, dual, "on 6"},
        {"asked for 6, of which there is none",
         {.ip = Family::ipv6},
         ipv4,
         "--ip (MUSTER_IP) is 6, but this pod has no such address, only 10.0.0.5: leave --ip at "
         "auto"},
        {"asked for 4, of which there is none",
         {.ip = Family::ipv4},
         ipv6,
         "--ip (MUSTER_IP) is 4, but this pod has no such address, only fd00::5: leave --ip at "
         "auto"},
        {"asked for 4, own addresses unknown", {.ip = Family::ipv4}, nothing, "off 4"},
        {"numbers of all ranks leave no choice", {.addresses = numbers4}, dual, "off 4"},
        {"nor do IPv6 ones", {.addresses = numbers6}, ipv4, "on 6"},
        {"bound to an IPv4 address", {.bind = "10.0.0.5"}, dual, "off 4"},
        {"bound to an IPv6 address", {.bind = "[fd00::5]"}, dual, "on 6"},
        {"bound to all", {.bind = "::"}, dual, "on any"},
        {"an interface with both: one of them", {.bind = "eth0"}, dual, "off 4"},
        {"an interface with IPv6 only", {.bind = "net1"}, split, "on 6"},
        {"an interface that is not there", {.bind = "eth9"}, dual, "on any"},
        {"an IPv6 leader address in an IPv4 pod", {.leader_address = "fd00::9"}, ipv4, "on any"},
        {"an IPv4 leader address in an IPv6 pod", {.leader_address = "10.9.9.9"}, ipv6, "on 6"},
        {"a leader's name", {.leader_address = "leader."}, ipv6, "on 6"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(describe(choose_family(row.request, row.own)), row.expected) << row.what;
}

TEST(NumericFamily, TellsNumbersFromNames) {
    EXPECT_EQ(numeric_family("10.0.0.1"), NumericFamily::ipv4);
    EXPECT_EQ(numeric_family("fd00::1"), NumericFamily::ipv6);
    for (const auto* text : {"", "10.0.0", "[fd00::1]", "leader", "10.0.0.1 "})
        EXPECT_EQ(numeric_family(text), NumericFamily::none) << text;
}

TEST(OwnAddresses, HaveNoLoopback) {
    const auto own = own_addresses();
    ASSERT_TRUE(own) << own.error().message;
    for (const auto& one : *own) {
        EXPECT_FALSE(one.address.starts_with("127.")) << one.address;
        EXPECT_NE(one.address, "::1");
        EXPECT_FALSE(one.address.starts_with("fe80")) << one.address;
        EXPECT_NE(numeric_family(one.address), NumericFamily::none) << one.address;
    }
}

}  // namespace
}  // namespace muster::discovery
