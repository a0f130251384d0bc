// SPDX-License-Identifier: Apache-2.0
#include "setup.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "muster/base/atomic_file.hpp"

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

class SetupOf : public testing::Test {
  protected:
    void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::string put(const std::string& name, const std::string& text) {
        const auto file = directory_ + '/' + name;
        EXPECT_TRUE(write_file(file, text, 0600).has_value());
        return file;
    }
    Result<rehearsal::Setup> load(const std::string& toml, const std::string& hostname = "a-0",
                                  Attributes attributes = {}) {
        return load_setup({.config_path = put("broker.toml", toml),
                           .attributes = std::move(attributes),
                           .program = {}},
                          hostname, "0.1.0");
    }

    std::string directory_ = "/tmp/rehearsal-setup-XXXXXX";
};

constexpr const char* four = R"([bootstrap]
curve_cert = "/c"
default_port = 8050
default_bind = "tcp://*:%p"
default_connect = "tcp://%h.s:%p"
hosts = [ { host = "a-[0-3]" } ]
)";

TEST_F(SetupOf, AFollower) {
    const auto setup = load(four, "a-2", {{"broker.quorum", "3"}, {"log-stderr-mode", "local"}});
    ASSERT_TRUE(setup.has_value()) << setup.error().message;
    EXPECT_EQ(setup->rank(), 2u);
    EXPECT_EQ(setup->size(), 4u);
    EXPECT_EQ(setup->overlay.tree.parent(2), 0u);
    EXPECT_THAT(setup->peers.at(0).connect, Optional(std::string("tcp://a-0.s:8050")));
    EXPECT_EQ(setup->quorum, 3u);
    EXPECT_EQ(setup->log_mode, BrokerLog::Mode::local);
    EXPECT_EQ(setup->attribute("hostlist"), "a-[0-3]");
    EXPECT_EQ(setup->attribute("broker.boot-method"), "config");
    EXPECT_EQ(setup->attribute("nope", "otherwise"), "otherwise");
}

TEST_F(SetupOf, TreesByTomlAndByAttribute) {
    const std::string kary = std::string(four) + "[tbon]\ntopo = \"kary:1\"\n";
    EXPECT_EQ(load(kary)->overlay.tree.parent(3), 2u);
    EXPECT_EQ(load(kary, "a-0", {{"tbon.topo", "kary:2"}})->overlay.tree.parent(3), 1u);
    EXPECT_EQ(load(kary, "a-0", {{"tbon.fanout", "3"}})->overlay.tree.parent(3), 0u);
    EXPECT_EQ(load(kary, "a-0", {{"tbon.topo", "custom"}})->overlay.tree.parent(3), 0u);
    EXPECT_EQ(load(kary, "a-0", {{"tbon.topo", "binomial"}})->overlay.tree.parent(3), 2u);
    EXPECT_EQ(load(std::string(four), "a-0")->attribute("tbon.topo"), "custom");
}

TEST_F(SetupOf, Durations) {
    const auto text = std::string(four) +
                      "[tbon]\nconnect_timeout = \"2s\"\ntorpid_max = \"inf\"\n"
                      "[heartbeat]\nperiod = \"500ms\"\ntimeout = \"1m\"\n";
    const auto overlay = load(text, "a-0", {{"tbon.tcp_user_timeout", "1.5s"}})->overlay;
    EXPECT_EQ(overlay.connect_timeout.count(), 2000);
    EXPECT_EQ(overlay.tcp_user_timeout.count(), 1500);
    EXPECT_EQ(overlay.torpid_max.count(), 0);
    EXPECT_EQ(overlay.heartbeat_period.count(), 500);
    EXPECT_EQ(overlay.heartbeat_timeout.count(), 60'000);
}

TEST_F(SetupOf, Singletons) {
    for (const char* toml : {"", "[tbon]\n", "[bootstrap]\n"}) {
        const auto setup = load(toml);
        ASSERT_TRUE(setup.has_value()) << toml;
        EXPECT_EQ(setup->size(), 1u);
        EXPECT_EQ(setup->attribute("broker.boot-method"), "single");
    }
    EXPECT_EQ(load_setup({}, "x", "0.1.0")->size(), 1u);
}

TEST_F(SetupOf, WhatBootstrapRefuses) {
    const std::vector<std::tuple<std::string, std::string, std::string>> rows = {
        {four, "b-0",
         "bootstrap: config: initialize: Config file error [bootstrap]: b-0 not found in hosts"},
        {"[bootstrap]\nhosts = [ { host = \"a-[0-1]\" } ]\n", "a-0",
         "curve_cert must be defined for size > 1"},
        {"[bootstrap]\nfoo = 1\n", "a-0", "1 object item(s) left unpacked: foo"},
        {"[bootstrap]\nhosts = [ { host = \"a-0\", bind = \"x\" } ]\n", "a-0",
         "invalid hosts[0]: bind key"},
        {"x = \n", "a-0", "Config file error: "},
    };
    for (const auto& [toml, host, text] : rows) {
        const auto setup = load(toml, host);
        ASSERT_FALSE(setup.has_value()) << text;
        EXPECT_THAT(setup.error().message, HasSubstr(text));
    }
    EXPECT_THAT(load_setup({.config_path = "/nope"}, "x", "0.1.0").error().message,
                "Config file error: stat: /nope: No such file or directory");
}

TEST_F(SetupOf, WhatModulesRefuseLater) {
    const std::vector<std::tuple<std::string, std::string, std::string>> rows = {
        {"[tbon]\nconnect_timeout = 5\n", "tbon",
         "Config file error [tbon]: Expected string, got integer"},
        {"[tbon]\nconnect_timeout = \"soon\"\n", "tbon",
         "Config file error parsing tbon.connect_timeout"},
        {"[tbon]\ntopo = \"ring\"\n", "tbon",
         "Error creating ring topology: unknown topology scheme 'ring'"},
        {"[tbon]\ntorpid_min = \"9s\"\ntorpid_max = \"5s\"\n", "tbon",
         "tbon.torpid_min must be less than torpid_max"},
        {"[resource]\nfoo = 1\n", "resource", "error parsing [resource] configuration: "},
        {"[[resource.config]]\ncores = \"0\"\n", "resource",
         "error parsing [resource.config] array: config[0]: "},
        {"[heartbeat]\ntimeout = 3\n", "heartbeat", "error reading [heartbeat] config table: "},
        {"[access]\nfoo = true\n", "access", "error parsing [access] configuration: "},
    };
    for (const auto& [toml, table, text] : rows) {
        const auto setup = load(std::string(four) + toml, "a-1");
        ASSERT_TRUE(setup.has_value()) << toml << setup.error().message;
        EXPECT_EQ(setup->rank(), 1u);  // the rest of the file counts
        ASSERT_NE(setup->refusal(table), nullptr) << toml;
        EXPECT_THAT(setup->refusal(table)->text, HasSubstr(text));
    }
}

TEST_F(SetupOf, TwoTablesMayBeRefused) {
    const auto setup =
        load(std::string(four) +
             "[tbon]\ntopo = 1\n[resource.sub]\n[resource]\nfoo = 1\n[access]\nx = 1\n");
    ASSERT_TRUE(setup.has_value()) << setup.error().message;
    EXPECT_NE(setup->refusal("tbon"), nullptr);
    EXPECT_NE(setup->refusal("resource"), nullptr);
    EXPECT_NE(setup->refusal("access"), nullptr);
}

TEST_F(SetupOf, Quorums) {
    const auto quorum = [&](const char* text) {
        return load(four, "a-0", {{"broker.quorum", text}});
    };
    EXPECT_EQ(quorum("1")->quorum, 1u);
    EXPECT_EQ(quorum("4")->quorum, 4u);
    EXPECT_EQ(quorum("0-3")->quorum, 4u);
    EXPECT_EQ(quorum("0")->quorum, 1u);
    EXPECT_EQ(load(four)->quorum, 4u);
    for (const char* text : {"5", "-1", "x", "", "2 ", "0-2"})
        EXPECT_FALSE(quorum(text).has_value()) << text;
}

TEST_F(SetupOf, ADirectoryOfFiles) {
    put("a.toml", four);
    put("b.toml", "[resource]\nnoverify = true\n");
    put("c.txt", "this is no TOML");
    const auto setup = load_setup({.config_path = directory_}, "a-3", "0.1.0");
    ASSERT_TRUE(setup.has_value()) << setup.error().message;
    EXPECT_EQ(setup->rank(), 3u);
    EXPECT_THAT(setup->resource.noverify, Optional(true));
}

TEST_F(SetupOf, NodesByHost) {
    const auto path = put("R.json", R"({"version":1,"execution":{"R_lite":[
        {"rank":"0-1","children":{"core":"0-3"}},{"rank":"2-3","children":{"core":"0"}}],
        "nodelist":["a-[3,2,1,0]"]}})");
    const auto setup =
        load(std::string(four) + "[resource]\npath = \"" + path + "\"\nexclude = \"1\"\n");
    const auto nodes = load_nodes(*setup, *load_R(*setup));
    ASSERT_TRUE(nodes.has_value()) << nodes.error().message;
    ASSERT_EQ(nodes->size(), 4u);
    EXPECT_EQ(nodes->at(0).cores, 1u);
    EXPECT_EQ(nodes->at(3).cores, 4u);
    EXPECT_FALSE(nodes->at(1).eligible);
    EXPECT_FALSE(nodes->at(0).up);
}

TEST_F(SetupOf, NodesByEntries) {
    const auto setup = load(std::string(four) +
                            "[[resource.config]]\nhosts = \"a-[0-3]\"\ncores = \"0-1\"\n"
                            "[[resource.config]]\nhosts = \"a-3\"\ncores = \"2\"\n");
    const auto nodes = load_nodes(*setup, *load_R(*setup));
    ASSERT_TRUE(nodes.has_value()) << nodes.error().message;
    EXPECT_EQ(nodes->at(0).cores, 2u);
    EXPECT_EQ(nodes->at(3).cores, 3u);
    EXPECT_FALSE(load_R(*load(four))->has_value());
    EXPECT_TRUE(load_nodes(*load(four), {})->empty());
}

TEST(ChooseHostname, AttributeThenFakeThenOwn) {
    EXPECT_EQ(choose_hostname({{"hostname", "a"}}, {{"FLUX_FAKE_HOSTNAME", "b"}}), "a");
    EXPECT_EQ(choose_hostname({}, {{"FLUX_FAKE_HOSTNAME", "b"}}), "b");
    EXPECT_FALSE(choose_hostname({}, {}).empty());
}

}  // namespace
}  // namespace muster::rehearsal
