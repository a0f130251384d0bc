// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "muster/resources/r.hpp"

namespace muster::resources {
namespace {

Hostlist hosts(const char* text) {
    return Hostlist::parse(text).value();
}

TEST(FormatR, IsWhatFluxREncodePrints) {
    const std::vector<Shape> equal{{.cores = 2}};
    EXPECT_EQ(format_R(make_R(hosts("flux-sample-[0-3]"), equal).value()),
              R"({"version":1,"execution":{"R_lite":[{"rank":"0-3","children":{"core":"0-1"}}],)"
              R"("starttime":0.0,"expiration":0.0,"nodelist":["flux-sample-[0-3]"]}})"
              "\n");
}

TEST(FormatR, GroupsEqualRanksInOrderOfTheirFirst) {
    const std::vector<Shape> shapes{{4, 0}, {2, 0}, {2, 0}, {8, 2}, {4, 0}, {4, 1}};
    auto r = make_R(hosts("b,a[0-3],c"), shapes).value();
    r.properties["debug"] = Idset::range(3, 3);
    r.properties["batch"] = Idset::range(0, 1);
    EXPECT_EQ(format_R(r),
              R"({"version":1,"execution":{"R_lite":[{"rank":"0,4","children":{"core":"0-3"}},)"
              R"({"rank":"1-2","children":{"core":"0-1"}},)"
              R"({"rank":"3","children":{"core":"0-7","gpu":"0-1"}},)"
              R"({"rank":"5","children":{"core":"0-3","gpu":"0"}}],)"
              R"("starttime":0.0,"expiration":0.0,"nodelist":["b,a[0-3],c"],)"
              R"("properties":{"batch":"0-1","debug":"3"}}})"
              "\n");
}

TEST(MakeR, NumbersHostsAndRefusesWhatCannotBe) {
    const std::vector<Shape> one{{1, 0}};
    const std::vector<Shape> two{{1, 0}, {2, 0}};
    const auto message = [](const Result<R>& r) { return r ? "" : r.error().message; };
    EXPECT_EQ(message(make_R({}, one)), "resources: there are no hosts");
    EXPECT_EQ(message(make_R(hosts("a,b,a"), one)), "resources: a host is twice in 'a,b,a'");
    EXPECT_EQ(message(make_R(hosts("a,b,c"), two)), "resources: 2 shapes for 3 hosts");
    EXPECT_EQ(message(make_R(hosts("a"), {})), "resources: 0 shapes for 1 hosts");
    const auto r = make_R(hosts("z,y"), two).value();
    EXPECT_EQ(r.nodes[1].host, "y");
    EXPECT_EQ(r.nodes[1].rank, 1u);
    EXPECT_EQ(r.nodes[1].cores.format(), "0-1");
    EXPECT_EQ(r.ranks().format(), "0-1");
    EXPECT_EQ(r.hosts(), hosts("z,y"));
}

TEST(FormatR, OfTenThousandHostsIsShort) {
    const std::vector<Shape> equal{{.cores = 96, .gpus = 4}};
    const auto text = format_R(make_R(hosts("flux-sample-[0-9999]"), equal).value());
    EXPECT_LT(text.size(), 200u);
    EXPECT_EQ(parse_R(text, "R").value().nodes.size(), 10'000u);
}

RC_GTEST_PROP(RProperty, ParseAfterFormatIsTheSameAndSoAreItsBytes, ()) {
    const auto shapes = *rc::gen::nonEmpty(rc::gen::container<std::vector<Shape>>(
        rc::gen::apply([](std::uint32_t cores, std::uint32_t gpus) { return Shape{cores, gpus}; },
                       rc::gen::inRange(1u, 5u), rc::gen::inRange(0u, 3u))));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < shapes.size(); ++i)
        names.push_back(fmt::format("{}{}", *rc::gen::element("a", "b-", "c0."), i));
    auto r = make_R(Hostlist(names), shapes).value();
    if (*rc::gen::arbitrary<bool>()) r.properties["p@gpu"] = Idset::range(0, 0);
    const auto text = format_R(r);
    const auto again = parse_R(text, "R").value();
    RC_ASSERT(again == r);
    RC_ASSERT(format_R(again) == text);
}

}  // namespace
}  // namespace muster::resources
