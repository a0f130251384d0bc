// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <gmock/gmock.h>

#include <array>

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

TEST(BrokerArguments, AsMusterGivesThem) {
    const auto given = parse_broker_arguments(Words{
        "--config-path=/run/muster/broker.toml", "-S", "hostname=a-0", "-Sbroker.quorum=4",
        "--setattr=rundir=/run/x", "-S", "broker.rc2_none", "sh", "-c", "echo $1", "--", "x"});
    ASSERT_TRUE(given.has_value()) << given.error().message;
    EXPECT_EQ(given->config_path, "/run/muster/broker.toml");
    EXPECT_EQ(given->attributes.at("hostname"), "a-0");
    EXPECT_EQ(given->attributes.at("broker.quorum"), "4");
    EXPECT_EQ(given->attributes.at("rundir"), "/run/x");
    EXPECT_EQ(given->attributes.at("broker.rc2_none"), "");
    EXPECT_THAT(given->program, ElementsAre("sh", "-c", "echo $1", "--", "x"));
}

TEST(BrokerArguments, FormsOfOnePath) {
    for (const auto& words :
         {Words{"-c", "p"}, Words{"-cp"}, Words{"--config-path", "p"}, Words{"--config-path=p"}})
        EXPECT_EQ(parse_broker_arguments(words)->config_path, "p");
    const auto last = parse_broker_arguments(Words{"-c", "a", "-c", "b", "--", "-c"});
    EXPECT_EQ(last->config_path, "b");
    EXPECT_THAT(last->program, ElementsAre("-c"));
}

TEST(BrokerArguments, ValuesKeepEveryByte) {
    const auto given = parse_broker_arguments(Words{"-S", "local-uri=local:///a=b c", "x\ny", ""});
    EXPECT_EQ(given->attributes.at("local-uri"), "local:///a=b c");
    EXPECT_THAT(given->program, ElementsAre("x\ny", ""));
}

TEST(BrokerArguments, Refusals) {
    const std::vector<std::pair<Words, std::string>> rows = {
        {{"-S", "rank=1"}, "rank: attribute may not be set on the command line"},
        {{"-S", "size=1"}, "size: attribute may not be set on the command line"},
        {{"-S", "broker.pid=1"}, "broker.pid: attribute may not be set on the command line"},
        {{"-S", "foo.bar=1"}, "foo.bar: unknown attribute"},
        {{"-S", "=1"}, ": unknown attribute"},
        {{"-S"}, "option '-S' requires an argument"},
        {{"--config-path"}, "option '--config-path' requires an argument"},
        {{"-x"}, "unrecognized arguments: -x"},
        {{"--nope=3"}, "unrecognized arguments: --nope=3"},
        {{"--verbose=3"}, "option '--verbose' doesn't allow an argument"},
    };
    for (const auto& [words, text] : rows) {
        const auto given = parse_broker_arguments(words);
        ASSERT_FALSE(given.has_value()) << text;
        EXPECT_EQ(given.error().message, text);
        EXPECT_EQ(given.error().kind, Kind::usage);
    }
}

TEST(BrokerArguments, AttributesOfVendorsAndTests) {
    EXPECT_TRUE(parse_broker_arguments(Words{"-S", "vendor.x=1", "-S", "test.y=2"}).has_value());
    EXPECT_FALSE(parse_broker_arguments(Words{"-S", "vendor=1"}).has_value());
}

TEST(ScanOptions, ShortOptionsCluster) {
    constexpr std::array rows = {OptionRow{'a', "all", false}, OptionRow{'N', "nodes", true}};
    const auto given = scan_options(Words{"-aaN", "4", "-N5", "word", "-a"}, rows);
    ASSERT_TRUE(given.has_value());
    EXPECT_TRUE(given->has("all"));
    EXPECT_FALSE(given->has("none"));
    EXPECT_EQ(given->value("nodes"), "5");
    EXPECT_EQ(given->given.size(), 4u);
    EXPECT_THAT(given->rest, ElementsAre("word", "-a"));
}

TEST(ScanOptions, ALoneDashIsAWord) {
    const auto given = scan_options(Words{"-", "--"}, {});
    ASSERT_TRUE(given.has_value());
    EXPECT_THAT(given->rest, ElementsAre("-", "--"));
}

}  // namespace
}  // namespace muster::rehearsal
