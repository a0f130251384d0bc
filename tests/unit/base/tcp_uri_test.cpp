// SPDX-License-Identifier: Apache-2.0
#include "muster/base/tcp_uri.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(SplitTcpUri, TellsHostAndPort) {
    const auto name = split_tcp_uri("tcp://pod-0.flux.lab.svc:8050");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->host, "pod-0.flux.lab.svc");
    EXPECT_EQ(name->port, "8050");
    const auto any = split_tcp_uri("tcp://*:%p");
    ASSERT_TRUE(any);
    EXPECT_EQ(any->host, "*");
    EXPECT_EQ(any->port, "%p");
}

TEST(SplitTcpUri, TakesAnAddressOutOfItsBrackets) {
    const auto uri = split_tcp_uri("tcp://[fd00::1]:8050");
    ASSERT_TRUE(uri);
    EXPECT_EQ(uri->host, "fd00::1");
    EXPECT_EQ(uri->port, "8050");
}

TEST(SplitTcpUri, RefusesWhatIsNone) {
    for (const auto* wrong : {"", "tcp://", "tcp:/", "ipc:///tmp/x", "pod-0:8050", "tcp://pod-0"})
        EXPECT_FALSE(split_tcp_uri(wrong)) << wrong;
}

}  // namespace
}  // namespace muster
