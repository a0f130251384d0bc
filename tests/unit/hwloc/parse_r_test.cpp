// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "muster/resources/r.hpp"

namespace muster::resources {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

/// R of one entry and one host, with `execution` in place of the part that is tested.
std::string document(const std::string& execution) {
    return R"({"version": 1, "execution": {)" + execution + "}}";
}
const std::string lite = R"("R_lite": [{"rank": "0", "children": {"core": "0"}}])";
const std::string nodes = R"("nodelist": ["a"])";

TEST(ParseR, ReadsTheExampleOfRfc20) {
    const auto r = parse_R(
                       R"({"version": 1, "execution": {
        "R_lite": [{"rank": "19-22", "children": {"gpu": "0-7", "core": "0-47"}}],
        "nslots": 32, "starttime": 1676560554.0, "expiration": 1676562354.0,
        "nodelist": ["node[186-189]"]}})",
                       "R")
                       .value();
    EXPECT_EQ(r.ranks().format(), "19-22");
    EXPECT_EQ(r.hosts().format(), "node[186-189]");
    EXPECT_EQ(r.nodes[3].host, "node189");
    EXPECT_EQ(r.nodes[3].cores.size(), 48u);
    EXPECT_EQ(r.nodes[3].gpus.format(), "0-7");
    EXPECT_EQ(r.starttime, 1676560554.0);
    EXPECT_EQ(r.expiration, 1676562354.0);
}

TEST(ParseR, AssignsHostsByAscendingRankWhateverTheOrderOfEntries) {
    const auto r = parse_R(document(R"("R_lite": [
        {"rank": "7", "children": {"core": "4-5", "memory": "0"}},
        {"rank": "2-3", "children": {"core": "1"}}, {"rank": "2", "children": {"core": "0,5"}}],
        "nodelist": ["x", "y,z"], "properties": {"big": "7", "small": "2-3"}, "extra": 1)"),
                           "R")
                       .value();
    EXPECT_EQ(r.hosts().format(), "x,y,z");
    EXPECT_EQ(r.nodes[0].cores.format(), "0-1,5") << "a rank in two entries has both's cores";
    EXPECT_EQ(r.nodes[2].cores.format(), "4-5");
    EXPECT_EQ(r.properties.at("small").format(), "2-3");
}

TEST(ParseR, ToleratesWhatFluxTolerates) {
    EXPECT_TRUE(parse_R(document(lite + "," + nodes), "R"));
    EXPECT_TRUE(parse_R(R"({"version": 1, "scheduling": {"writer": "x"}, "execution": {)" + lite +
                            "," + nodes + "}}",
                        "R"));
    EXPECT_TRUE(
        parse_R(document(lite + "," + nodes + R"(, "starttime": 0, "expiration": 5)"), "R"));
    EXPECT_TRUE(parse_R(document(lite + "," + nodes + R"(, "properties": {"a@gpu": "0"})"), "R"));
}

struct Refusal {
    std::string text;
    const char* message;
};

TEST(ParseR, RefusesWhatCannotBeUsed) {
    const auto with_lite = [](const char* entry) {
        return document(fmt::format(R"("R_lite": [{}], {})", entry, nodes));
    };
    const auto with = [](const char* more) { return document(lite + "," + nodes + "," + more); };
    const Refusal rows[] = {
        {"", "F: JSON line"},
        {"[]", "F: not a JSON object"},
        {"{}", "F: 'version' is missing or no integer"},
        {R"({"version": "1"})", "F: 'version' is missing or no integer"},
        {R"({"version": 2, "execution": {}})", "F: version is 2, expected 1"},
        {R"({"version": 1})", "F: 'execution' is missing or no object"},
        {R"({"version": 1, "version": 1})", "F: JSON line 1 column"},
        {document(nodes), "F: 'R_lite' is missing or no array"},
        {document(R"("R_lite": {},)" + nodes), "F: 'R_lite' is missing or no array"},
        {with_lite(""), "F: 'R_lite' names no ranks"},
        {with_lite("1"), "F: R_lite[0]: 'rank' is missing or no string"},
        {with_lite(R"({"children": {"core": "0"}})"), "F: R_lite[0]: 'rank' is missing or no"},
        {with_lite(R"({"rank": "x", "children": {"core": "0"}})"),
         "F: R_lite[0]: 'rank': idset 'x': expected a number at 'x'"},
        {with_lite(R"({"rank": "", "children": {"core": "0"}})"), "F: R_lite[0]: 'rank' is empty"},
        {with_lite(R"({"rank": "0"})"), "F: R_lite[0]: 'children' is missing or no object"},
        {with_lite(R"({"rank": "0", "children": {}})"),
         "F: R_lite[0]: 'core' is missing or no string"},
        {with_lite(R"({"rank": "0", "children": {"core": ""}})"), "F: R_lite[0]: 'core' is empty"},
        {with_lite(R"({"rank": "0", "children": {"core": 4}})"),
         "F: R_lite[0]: 'core' is missing or no string"},
        {with_lite(R"({"rank": "0", "children": {"core": "0", "gpu": "1-0"}})"),
         "F: R_lite[0]: 'gpu': idset '1-0': 1-0 is no ascending range"},
        {with_lite(R"({"rank": "0", "children": {"core": "0", "memory": "4G"}})"),
         "F: R_lite[0]: 'memory': idset '4G'"},
        {with_lite(R"({"rank": "0-1", "children": {"core": "0"}})"),
         "F: 'nodelist' names 1 hosts for 2 ranks"},
        {document(lite), "F: 'nodelist' is missing or no array"},
        {document(lite + R"(, "nodelist": "a")"), "F: 'nodelist' is missing or no array"},
        {document(lite + R"(, "nodelist": [])"), "F: 'nodelist' names 0 hosts for 1 ranks"},
        {document(lite + R"(, "nodelist": ["a", "b"])"), "F: 'nodelist' names 2 hosts for 1 ranks"},
        {document(lite + R"(, "nodelist": [1])"),
         "F: 'nodelist' holds something that is no string"},
        {document(lite + R"(, "nodelist": ["a["])"), "F: 'nodelist': hostlist 'a['"},
        {with(R"("properties": [])"), "F: 'properties' is no object"},
        {with(R"("properties": {"a": 1})"), "F: 'properties': 'a' is missing or no string"},
        {with(R"("properties": {"a|b": "0"})"),
         "F: property 'a|b' has a name that RFC 20 excludes"},
        {with(R"("properties": {"!": "0"})"), "F: property '!' has a name"},
        {with(R"("properties": {"a": "0-1"})"), "F: property 'a': rank 1 is not in 'R_lite'"},
        {with(R"("starttime": "0")"), "F: 'starttime' is no number"},
        {with(R"("expiration": -1)"), "F: 'expiration' is no number"},
        {with(R"("starttime": 5, "expiration": 5)"), "F: 'expiration' is not later"},
    };
    for (const auto& [text, message] : rows) {
        const auto r = parse_R(text, "F");
        ASSERT_FALSE(r) << text;
        EXPECT_EQ(r.error().kind, Kind::malformed) << text;
        EXPECT_THAT(r.error().message, StartsWith(message)) << text;
    }
}

TEST(Rerank, PutsHostsInBootstrapOrder) {
    const auto r = parse_R(document(R"("R_lite": [
        {"rank": "0", "children": {"core": "0"}}, {"rank": "1", "children": {"core": "0-1"}},
        {"rank": "2", "children": {"core": "0-2"}}], "nodelist": ["a[0-2]"],
        "properties": {"p": "0,2"})"),
                           "R")
                       .value();
    const auto moved = rerank(r, Hostlist::parse("a2,a0,a1").value()).value();
    EXPECT_EQ(moved.hosts().format(), "a[2,0-1]");
    EXPECT_EQ(moved.ranks().format(), "0-2");
    EXPECT_EQ(moved.nodes[0].cores.format(), "0-2");
    EXPECT_EQ(moved.nodes[2].cores.format(), "0-1");
    EXPECT_EQ(moved.properties.at("p").format(), "0-1");
}

TEST(Rerank, RefusesInFluxsOwnWords) {
    const auto r = make_R(Hostlist::parse("a[0-2]").value(), std::vector<Shape>{{1, 0}}).value();
    const auto message = [&r](const char* hosts) {
        const auto result = rerank(r, Hostlist::parse(hosts).value());
        EXPECT_FALSE(result);
        EXPECT_EQ(result.error().kind, Kind::config);
        return result.error().message;
    };
    EXPECT_EQ(message("a[0-3]"), "Number of hosts (4) is greater than node count (3)");
    EXPECT_EQ(message("a[0-1]"), "Number of hosts (2) is less than node count (3)");
    EXPECT_EQ(message("a[0-1],flux-sample-0"), "Host flux-sample-0 not found in resources");
}

RC_GTEST_PROP(RerankProperty, AnyOrderOfTheHostsIsReachedAndUndone, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 40);
    std::vector<Shape> shapes;
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < size; ++i) {
        shapes.push_back({.cores = i + 1, .gpus = 0});
        names.push_back(fmt::format("h{}", i));
    }
    const auto r = make_R(Hostlist(names), shapes).value();
    std::vector<std::string> shuffled = names;
    for (std::size_t i = shuffled.size(); i-- > 1;)
        std::swap(shuffled[i], shuffled[*rc::gen::inRange<std::size_t>(0, i + 1)]);
    const auto moved = rerank(r, Hostlist(shuffled)).value();
    for (std::size_t i = 0; i < size; ++i)
        RC_ASSERT(fmt::format("h{}", moved.nodes[i].cores.size() - 1) == shuffled[i]);
    RC_ASSERT(rerank(moved, Hostlist(names)).value() == r);
}

}  // namespace
}  // namespace muster::resources
