// SPDX-License-Identifier: Apache-2.0
#include "muster/local/loopback.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "muster/base/hostlist.hpp"

namespace muster::local {
namespace {

/// Looks at the networks in turn from `first` on.
Loopback::Pick from(std::uint32_t first) {
    return [next = first]() mutable { return next++; };
}

Fd listener(Ipv4 address, std::uint16_t port) {
    Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(address);
    name.sin_port = htons(port);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        ::listen(socket.get(), 1) != 0)
        return {};
    return socket;
}

TEST(Loopback, GivesEachPodAnAddressOfItsOwn) {
    const auto loopback = Loopback::claim(1000, {}, from(4000));
    ASSERT_TRUE(loopback) << loopback.error().message;
    const auto addresses = loopback->addresses();
    EXPECT_EQ(addresses.size(), 1000u);
    std::set<Ipv4> distinct(addresses.begin(), addresses.end());
    distinct.insert(loopback->server());
    EXPECT_EQ(distinct.size(), 1001u);
    for (const Ipv4 address : distinct) {
        EXPECT_GE(address, 0x7f400000u);
        EXPECT_LE(address, 0x7f7fffffu);
        EXPECT_NE(address & 255, 0u);
        EXPECT_NE(address & 255, 255u);
    }
    EXPECT_EQ(format_ipv4(loopback->pod(0)), "127.79.160.2");
    EXPECT_EQ(format_ipv4(loopback->pod(253)), "127.79.161.2");
}

TEST(Loopback, FormatIsAHostlistOfTheSameAddresses) {
    for (const std::uint32_t pods : {1u, 2u, 253u, 254u, 255u, 1000u}) {
        const auto loopback = Loopback::claim(pods, {}, from(5000));
        ASSERT_TRUE(loopback) << loopback.error().message;
        const auto list = Hostlist::parse(loopback->format());
        ASSERT_TRUE(list) << loopback->format();
        ASSERT_EQ(list->size(), pods) << loopback->format();
        const auto addresses = loopback->addresses();
        for (std::uint32_t rank = 0; rank < pods; ++rank)
            EXPECT_EQ(list->hosts()[rank], format_ipv4(addresses[rank]));
    }
}

TEST(Loopback, TwoInstancesNeverShareANetwork) {
    const auto one = Loopback::claim(300, {}, from(6000));  // two networks
    const auto other = Loopback::claim(300, {}, from(5999));
    ASSERT_TRUE(one && other);
    std::set<Ipv4> networks;
    for (const auto& loopback : {&*one, &*other})
        for (const Ipv4 address : loopback->addresses()) networks.insert(address >> 8);
    EXPECT_EQ(networks.size(), 4u);
}

TEST(Loopback, IsFreeAgainWhenItsOwnerHasEnded) {
    Ipv4 first = 0;
    {
        const auto loopback = Loopback::claim(1, {}, from(7000));
        ASSERT_TRUE(loopback);
        first = loopback->server();
    }
    const auto again = Loopback::claim(1, {}, from(7000));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->server(), first);
}

TEST(Loopback, PassesByAnAddressWhoseBrokerPortIsTaken) {
    const auto here = Loopback::claim(2, {}, from(8000));
    ASSERT_TRUE(here);
    const Ipv4 last = here->pod(1);
    const Fd taken = listener(last + 256, 8099);  // the next network
    ASSERT_TRUE(taken);
    const auto loopback = Loopback::claim(2, 8099, from(8001));
    ASSERT_TRUE(loopback);
    EXPECT_EQ(loopback->broker_port(), 8099);
    EXPECT_EQ(format_ipv4(loopback->server()), "127.95.66.1") << "8002, for 8001 is taken";
}

TEST(Loopback, APortThatIsTakenEverywhereIsSaid) {
    const Fd everywhere = listener(0, 8098);
    ASSERT_TRUE(everywhere);
    const auto loopback = Loopback::claim(1, 8098, from(9000));
    ASSERT_FALSE(loopback);
    EXPECT_EQ(loopback.error().kind, Kind::unavailable);
    EXPECT_NE(loopback.error().message.find("port 8098 is taken"), std::string::npos);
    EXPECT_NE(loopback.error().message.find("--port"), std::string::npos);
}

TEST(Loopback, ChoosesAnotherPortWhereOursIsTaken) {
    const Fd taken = listener(0x7f400000u + 10000 * 256 + 2, 8050);
    ASSERT_TRUE(taken);
    const auto loopback = Loopback::claim(1, {}, from(10000));
    ASSERT_TRUE(loopback) << loopback.error().message;
    EXPECT_EQ(loopback->broker_port(), 8150);
}

TEST(Loopback, RefusesWhatCannotBe) {
    for (const std::uint32_t pods : {0u, 5'000'000u}) {
        const auto loopback = Loopback::claim(pods, {}, from(0));
        ASSERT_FALSE(loopback);
        EXPECT_EQ(loopback.error().kind, Kind::usage);
    }
}

TEST(Loopback, TheServersSocketsListenAtItsAddress) {
    auto loopback = Loopback::claim(1, {}, from(11000));
    ASSERT_TRUE(loopback);
    const DnsSockets sockets = loopback->take_sockets();
    for (const int fd : {sockets.udp.get(), sockets.tcp.get()}) {
        sockaddr_in name{};
        socklen_t length = sizeof name;
        ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length), 0);
        EXPECT_EQ(ntohl(name.sin_addr.s_addr), loopback->server());
        EXPECT_EQ(ntohs(name.sin_port), loopback->server_port());
    }
}

}  // namespace
}  // namespace muster::local
