// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "muster/broker_config/instance.hpp"

namespace muster::broker_config {
namespace {

using testing::HasSubstr;

Instance pods(std::string_view topology) {
    return {.hosts = Hostlist::parse("flux-sample-[0-7]").value(),
            .topology = Topology::parse(topology).value(),
            .curve_cert = "/run/muster/curve.cert",
            .connect = "tcp://%h.flux-service.default.svc.cluster.local.:%p",
            .resource_path = "/run/muster/R.json"};
}

struct Golden {
    std::string file;
    Instance instance;
};

std::vector<Golden> goldens() {
    auto elastic = pods("kary:2");
    elastic.elastic = true;
    elastic.noverify = true;
    elastic.exclude = "0";
    auto local = pods("flat");
    local.hosts = Hostlist::parse("up-[0-2]").value();
    local.connect = "tcp://%h:%p";
    local.overrides = {{0, tcp_uri("127.0.0.2"), tcp_uri("127.0.0.2")},
                       {1, std::nullopt, tcp_uri("fd00::3")}};
    local.enable_ipv6 = true;
    local.resource_path = "";
    return {{"flat.toml", pods("flat")},
            {"kary.toml", elastic},
            {"mincrit.toml", pods("mincrit:2")},
            {"binomial.toml", pods("binomial")},
            {"local.toml", local}};
}

std::string read(const std::string& file) {
    std::ifstream stream(MUSTER_TEST_DATA "/broker-config/" + file);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// Real Flux reads these files too: tests/integration/test_flux_contract_broker_config.py.
TEST(MakeConfig, WritesTheGoldenFiles) {
    for (const auto& [file, instance] : goldens())
        EXPECT_EQ(format(make_config(instance)), read(file)) << file;
}

TEST(MakeConfig, ReadsBackAndKeepsTheTopology) {
    for (const auto& [file, instance] : goldens()) {
        const auto config = parse(read(file), file);
        ASSERT_TRUE(config) << config.error().message;
        EXPECT_EQ(*config, make_config(instance));
        const auto peers = resolve_hosts(*config).value();
        ASSERT_EQ(peers.size(), instance.hosts.size());
        for (const auto& peer : peers)
            EXPECT_EQ(peer.parent, instance.topology.parent_of(
                                       peer.rank, static_cast<std::uint32_t>(peers.size())));
        EXPECT_TRUE(check_bootstrap(*config->bootstrap, peers, instance.hosts.hosts().back()));
    }
}

TEST(TcpUri, PutsBracketsAroundIpv6) {
    EXPECT_EQ(tcp_uri("*"), "tcp://*:%p");
    EXPECT_EQ(tcp_uri("eth0"), "tcp://eth0:%p");
    EXPECT_EQ(tcp_uri("10.1.2.3"), "tcp://10.1.2.3:%p");
    EXPECT_EQ(tcp_uri("fd00::1"), "tcp://[fd00::1]:%p");
    EXPECT_EQ(tcp_uri("[fd00::1]"), "tcp://[fd00::1]:%p");
}

TEST(ResolveConfig, TopoBeatsParentKeys) {
    const auto parents = [](std::string_view topo) {
        const auto config =
            parse(fmt::format("[tbon]\ntopo = \"{}\"\n[bootstrap]\ncurve_cert = "
                              "\"/c\"\nhosts = [ {{ host = \"a[0-2]\" }}, {{ host = "
                              "\"a3\", parent = \"a1\" }} ]\n",
                              topo),
                  "b.toml")
                .value();
        const auto peers = resolve_hosts(config).value();
        return std::vector<std::uint32_t>{*peers[1].parent, *peers[2].parent, *peers[3].parent};
    };
    EXPECT_THAT(parents("custom"), testing::ElementsAre(0, 0, 1));
    EXPECT_THAT(parents("kary:0"), testing::ElementsAre(0, 0, 0));
    EXPECT_THAT(parents("kary:1"), testing::ElementsAre(0, 1, 2));
    EXPECT_THAT(parents("binomial"), testing::ElementsAre(0, 0, 2));
    EXPECT_TRUE(resolve_hosts(BrokerConfig{})->empty());
}

TEST(Parse, ReadsTheSampleOfTheDocumentation) {
    // reference: ran unchanged on Flux 0.50.0, 0.62.0, 0.75.0 and 0.88.0
    const auto config = parse(R"([bootstrap]
curve_cert = "/etc/flux/curve.cert"
default_port = 8050
default_bind = "tcp://eth0:%p"
default_connect = "tcp://%h.flux-service.default.svc.cluster.local:%p"
hosts = [ { host = "flux-sample-[0-7]" } ]

[tbon]
topo = "kary:0"
connect_timeout = "5s"
tcp_user_timeout = "20s"

[heartbeat]                  # >= 0.72; ignored before
timeout = "1m"

[resource]
noverify = true
[[resource.config]]          # a [resource] table followed by [[resource.config]] is legal TOML
hosts = "flux-sample-[0-7]"
cores = "0-1"
[[resource.config]]
hosts = "flux-sample-[2-3]"
properties = ["big"]
)",
                              "sample.toml")
                            .value();
    EXPECT_EQ(config.tbon,
              (Tbon{.topo = "kary:0", .connect_timeout = "5s", .tcp_user_timeout = "20s"}));
    EXPECT_EQ(config.heartbeat.timeout, "1m");
    EXPECT_EQ(config.resource.noverify, true);
    ASSERT_EQ(config.resource.config.size(), 2u);
    EXPECT_EQ(config.resource.config[1],
              (ResourceEntry{.hosts = "flux-sample-[2-3]", .properties = {"big"}}));
    EXPECT_EQ(resolve_hosts(config).value()[7].connect,
              "tcp://flux-sample-7.flux-service.default.svc.cluster.local:8050");
}

TEST(Parse, NamesTheLineOfAKeyInsideAnEntry) {
    const auto config = parse(
        "[bootstrap]\ncurve_cert = \"/c\"\n[[bootstrap.hosts]]\nhost = "
        "\"a[0-3]\"\n[[bootstrap.hosts]]\nhost = \"a[2-5]\"\nrank = 2\n",
        "b.toml");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message,
                HasSubstr("b.toml:7: bootstrap.hosts[2].rank: unknown key"));
}

TEST(Parse, RefusesWhatTheLibraryOrFluxWouldLose) {
    using namespace std::string_view_literals;
    for (const auto& [text, reason] :
         {std::pair{"\"a\\tb\" = 1"sv, "a key is empty or has a control character"sv},
          {"\"a\\nb\" = 1"sv, "a key is empty or has a control character"sv},
          {"\"\" = 1"sv, "a key is empty or has a control character"sv},
          {"x = \"a\\u0000b\""sv, "a string holds a NUL character"sv},
          {"x = 07:32:00"sv, "Flux takes no date without a time"sv},
          {"x = [ 1, 2.0 ]"sv, "Flux takes no array of mixed types"sv},
          {"x = [ inf ]"sv, "Flux takes no number that is not finite"sv},
          {"x = \"\xff\""sv, "syntax error: "sv},
          {"x = {\n}"sv, "syntax error: "sv}}) {
        const auto config = parse(text, "b.toml");
        ASSERT_FALSE(config) << text;
        EXPECT_EQ(config.error().kind, Kind::malformed);
        EXPECT_THAT(config.error().message, HasSubstr(reason));
        EXPECT_THAT(config.error().message, testing::StartsWith("b.toml:"));
    }
}

// toml++ 3.3.0 runs into undefined behaviour on the first of these (found by fuzzing).
TEST(Parse, RefusesCharactersBeyondAsciiWhereTheyCannotStand) {
    for (const auto& [text, reason] :
         {std::pair{"é = 1",
                    "1: syntax error: a character beyond ASCII outside a string or comment"},
          {"\n[aéb]\n", "2: syntax error: a character beyond ASCII"},
          {"x = 1 é", "1: syntax error: a character beyond ASCII"},
          {"x = 'a'é", "1: syntax error: a character beyond ASCII"},
          {"x = +\"é\"", "1: syntax error: "},
          {"x = [-[[\"é\"", "1: syntax error: "},
          {"x = \"\"\"\\é\"\"\"", "1: syntax error: "},
          {"x = \"a\né = 1", "1: syntax error: "},
          {"x = \"é\"\ny = \"\xff\"", "2: syntax error: not UTF-8"},
          {"# \xc0\x80", "1: syntax error: not UTF-8"},
          {"# \xed\xa0\x80", "1: syntax error: not UTF-8"},
          {"# \xf4\x90\x80\x80", "1: syntax error: not UTF-8"},
          {"# \xe6\x97", "1: syntax error: not UTF-8"},
          {"x = \"é \\u0040 \\u007E \\U0000005e \\u0060 \\u0021\"",
           "1: write @, ~, ^, ` or ! as"}}) {
        const auto config = parse(text, "b.toml");
        ASSERT_FALSE(config) << text;
        EXPECT_EQ(config.error().kind, Kind::malformed);
        EXPECT_THAT(config.error().message, testing::StartsWith(fmt::format("b.toml:{}", reason)));
    }
}

TEST(Parse, KeepsCharactersBeyondAscii) {
    const auto policy = [](std::string_view value) {
        const auto config =
            parse(fmt::format("# é\n[sched-fluxion-qmanager]\nqueue-policy = {} # 日本\n", value),
                  "b.toml");
        return config ? config->queue_policy.value_or("none") : config.error().message;
    };
    EXPECT_EQ(policy("\"é 日本 🦉\""), "é 日本 🦉");
    EXPECT_EQ(policy("'é @c3 @ @@ ~'"), "é @c3 @ @@ ~");
    EXPECT_EQ(policy("\"\\u00e9 é @\""), "é é @");
    EXPECT_EQ(policy("\"\\u0040c3 é @ ~\""), "@c3 é @ ~");
    EXPECT_EQ(policy("\"\"\"\nü\\\n   é\"ü\"\"\"\""), "üé\"ü\"");
    EXPECT_EQ(policy("'''é'é\\'''"), "é'é\\");
    EXPECT_TRUE(
        parse("\xef\xbb\xbf[tbon]\n\"é\" = 1\na.\"ü\".b = { \"日\" = [ \"本\" ] }\n", "b.toml"));
}

TEST(Parse, SurvivesDepth) {
    const std::string deep = "x = " + std::string(5000, '[') + std::string(5000, ']');
    EXPECT_FALSE(parse(deep, "b.toml"));
    std::string dotted = "a";
    for (int i = 0; i < 3000; ++i) dotted += ".a";
    const auto config = parse(dotted + " = 1", "b.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().message, "b.toml:1: nested too deep");
}

}  // namespace
}  // namespace muster::broker_config
