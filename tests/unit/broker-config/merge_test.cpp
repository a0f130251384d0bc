// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/broker_config.hpp"

namespace muster::broker_config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

BrokerConfig ours() {
    return make_config({.hosts = Hostlist::parse("m-[0-3]").value(),
                        .curve_cert = "/run/muster/curve.cert",
                        .connect = "tcp://%h.svc:%p",
                        .resource_path = "/run/muster/R.json"});
}

Result<Merged> merge_with(std::vector<std::string> texts) {
    std::vector<UserFile> files;
    for (auto& text : texts)
        files.push_back({fmt::format("u{}.toml", files.size()), std::move(text)});
    return merge(ours(), files);
}

std::string error_of(std::vector<std::string> texts) {
    const auto merged = merge_with(std::move(texts));
    return merged ? "accepted" : merged.error().message;
}

TEST(Merge, NothingIsOurs) {
    const auto merged = merge(ours(), {}).value();
    EXPECT_EQ(merged.text, format(ours()));
    EXPECT_EQ(merged.config, ours());
    EXPECT_FALSE(merged.own_bootstrap);
    EXPECT_FALSE(merged.own_resources);
    EXPECT_THAT(merged.queues, IsEmpty());
    // An empty file goes the long way and must come to the same.
    EXPECT_EQ(merge_with({""})->text, merged.text);
    EXPECT_EQ(merge_with({"# nothing\n"})->config, merged.config);
}

TEST(Merge, KeysOverrideAndTablesMerge) {
    const auto merged =
        merge_with({"[tbon]\nconnect_timeout = \"4s\"\ntorpid_max = \"1m\"\nchild_rcvhwm = 8\n"
                    "[resource]\nexclude = \"0\"\n[exec]\nimp = \"/imp\"\n"})
            .value();
    auto expected = ours();
    expected.tbon.connect_timeout = "4s";
    expected.tbon.torpid_max = "1m";
    expected.resource.exclude = "0";
    EXPECT_EQ(merged.config, expected);
    EXPECT_THAT(merged.text,
                AllOf(HasSubstr("[exec]\nimp = \"/imp\""), HasSubstr("child_rcvhwm = 8")));
    EXPECT_EQ(parse(merged.text, "b.toml").value(), expected);
}

TEST(Merge, LaterFilesWin) {
    const auto merged =
        merge_with({"[a]\nx = 1\ny = [ 1, 2 ]\n[a.b]\nz = 1\n", "[a]\ny = [ 3 ]\n[a.b]\nw = 2\n"})
            .value();
    EXPECT_THAT(merged.text, AllOf(HasSubstr("x = 1"), HasSubstr("y = [ 3 ]"), HasSubstr("z = 1"),
                                   HasSubstr("w = 2"), Not(HasSubstr("[ 1, 2 ]"))));
}

TEST(Merge, KeepsEveryKindOfValue) {
    const std::string text =
        "[kept]\n"
        "array = [ [ 1, 2 ], [ \"a\" ] ]\n"
        "date = 1979-05-27T07:32:00Z\n"
        "no = false\n"
        "number = -17\n"
        "real = 1.5\n"
        "tables = [ { a = 1, b = { c = \"d\" } }, { a = 2 } ]\n"
        "text = \"quote \\\" backslash \\\\ tab \\t \\u0001 é 日本\"\n"
        "\"key with blanks\" = 1\n";
    const auto once = merge_with({text}).value().text;
    EXPECT_EQ(merge_with(
                  {once.substr(once.find("[kept]"), once.find("[resource]") - once.find("[kept]"))})
                  .value()
                  .text,
              once);
    for (const char* part :
         {"array = [ [ 1, 2 ], [ \"a\" ] ]", "date = 1979-05-27T07:32:00Z", "no = false",
          "number = -17", "real = 1.5", "tables = [ { a = 1, b = { c = \"d\" } }, { a = 2 } ]",
          "quote \\\" backslash \\\\ tab \\t \\u0001 é 日本", "\"key with blanks\" = 1"})
        EXPECT_THAT(once, HasSubstr(part));
}

TEST(Merge, TheUsersBootstrapReplacesOurs) {
    const auto merged =
        merge_with({"[bootstrap]\ncurve_cert = \"/c\"\n"
                    "hosts = [ { host = \"x[0-1]\", bind = \"tcp://*:1\", connect = "
                    "\"tcp://%h:1\" } ]\n"})
            .value();
    EXPECT_TRUE(merged.own_bootstrap);
    EXPECT_THAT(merged.text, Not(HasSubstr("m-[0-3]")));
    EXPECT_THAT(merged.text, Not(HasSubstr("default_port")));
    const auto& bootstrap = *merged.config.bootstrap;
    EXPECT_EQ(bootstrap.default_port, std::nullopt);
    const auto peers = resolve_hosts(bootstrap).value();
    EXPECT_EQ(peers[1].connect, "tcp://x1:1");
    EXPECT_TRUE(check_bootstrap(bootstrap, peers, "x1"));
    EXPECT_EQ(check_bootstrap(bootstrap, peers, "m-0").error().message,
              "u0.toml:3: bootstrap.hosts: m-0 not found in hosts");
}

TEST(Merge, SaysWhatTheCallerMustKnow) {
    EXPECT_TRUE(merge_with({"[resource]\npath = \"/R\"\n"})->own_resources);
    EXPECT_TRUE(
        merge_with({"[[resource.config]]\nhosts = \"m-[0-3]\"\ncores = \"0\"\n"})->own_resources);
    EXPECT_FALSE(merge_with({"[resource]\nnoverify = true\n"})->own_resources);
    EXPECT_THAT(merge_with({"[queues.b]\n[queues.a]\nrequires = [ \"x\" ]\n"})->queues,
                testing::UnorderedElementsAre("a", "b"));
    EXPECT_EQ(
        merge_with({"[sched-fluxion-qmanager]\nqueue-policy = \"fcfs\"\n"})->config.queue_policy,
        "fcfs");
}

TEST(Merge, RefusesWithTheUsersFileLineAndKey) {
    EXPECT_EQ(error_of({"\n[resource]\n\nfoo = 1\n"}),
              "u0.toml:4: resource.foo: unknown key (1 object item(s) left unpacked: foo)");
    EXPECT_EQ(
        error_of({"", "[tbon]\nconnect_timeout = 5\n"}),
        "u1.toml:2: tbon.connect_timeout: Expected string, got integer (a duration is written "
        "like \"5s\")");
    EXPECT_THAT(error_of({"x = 1\nx = 2\n"}), HasSubstr("u0.toml:2: key given twice"));
    EXPECT_EQ(error_of({"[heartbeat]\nperiod = \"40s\"\n"}),
              "u0.toml:2: heartbeat.period: timeout must be >= 2*heartbeat.period, infinity, or 0");
    EXPECT_EQ(error_of({"tbon = 5\n"}), "u0.toml:1: tbon: Expected object, got integer");
    EXPECT_EQ(error_of({"bootstrap = 5\n"}), "u0.toml:1: bootstrap: Expected object, got integer");
    EXPECT_EQ(error_of({"queues = 5\n"}), "u0.toml:1: queues: not a table");
    EXPECT_EQ(
        error_of({"[bootstrap]\nhosts = [ { host = \"x\" }, { host = \"y_\" } ]\n"}),
        "u0.toml:2: bootstrap.hosts[1]: y_ domain label contains invalid character '_' (0x5f)");
}

TEST(Merge, RefusesTopoInFavourOfTopology) {
    const char* refused =
        "tbon.topo: muster computes the tree itself; remove this key and use --topology";
    EXPECT_EQ(error_of({"[tbon]\ntopo = \"kary:2\"\n"}), fmt::format("u0.toml:2: {}", refused));
    EXPECT_EQ(error_of({"tbon.topo = \"custom\"\n"}), fmt::format("u0.toml:1: {}", refused));
    EXPECT_EQ(error_of({"[tbon]\ntopo = \"kary:2\"\n[bootstrap]\n"}),
              fmt::format("u0.toml:2: {}", refused));
}

TEST(CheckAttribute, RefusesWhatWouldChangeTheTreeBehindOurBack) {
    for (const char* name : {"tbon.topo", "tbon.fanout", "rank", "size", "hostlist", "hostname",
                             "broker.boot-method"}) {
        const auto checked = check_attribute(name);
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().kind, Kind::usage);
        EXPECT_THAT(checked.error().message,
                    HasSubstr(fmt::format("attribute {}: muster computes it; ", name)));
    }
    for (const char* name : {"tbon.zmqdebug", "statedir", "content.dump", "", "ranks"})
        EXPECT_TRUE(check_attribute(name)) << name;
}

}  // namespace
}  // namespace muster::broker_config
