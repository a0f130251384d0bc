// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/broker_config/instance.hpp"

namespace muster::broker_config {
namespace {

using testing::HasSubstr;

Instance sample() {
    return {.hosts = Hostlist::parse("flux-[0-7]").value(),
            .topology = Topology::parse("kary:2").value(),
            .curve_cert = "/run/muster/curve.cert",
            .connect = "tcp://%h.flux.default.svc.cluster.local.:%p",
            .resource_path = "/run/muster/R.json",
            .elastic = true};
}

TEST(Config, WritesWhatItReads) {
    const auto config = make_config(sample());
    const auto text = format(config);
    const auto back = parse(text, "broker.toml");
    ASSERT_TRUE(back) << back.error().message << "\n" << text;
    EXPECT_EQ(*back, config) << text;
}

TEST(Config, NamesFileLineAndKey) {
    const auto config = parse("[bootstrap]\ndefault_port = \"8050\"\n", "b.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().message,
              "b.toml:2: bootstrap.default_port: Expected integer, got string");
}

TEST(Config, MergesTheUsersTomlOnTop) {
    const UserFile user{"user.toml", "[tbon]\nconnect_timeout = \"4s\"\n[exec]\nimp = \"/imp\"\n"};
    const auto merged = merge(make_config(sample()), std::span(&user, 1));
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(merged->config.tbon.connect_timeout, "4s");
    EXPECT_EQ(merged->config.tbon.tcp_user_timeout, "20s");
    EXPECT_THAT(merged->text, HasSubstr("imp = \"/imp\""));
}

}  // namespace
}  // namespace muster::broker_config
