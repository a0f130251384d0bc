// SPDX-License-Identifier: Apache-2.0
#include "muster/base/hostlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace muster {
namespace {

using testing::ElementsAre;

TEST(Hostlist, ExpandsWhatRfc29AndFluxExpand) {
    const auto hosts = [](const char* text) { return Hostlist::parse(text).value().hosts(); };
    EXPECT_THAT(hosts("a[0-3,7]"), ElementsAre("a0", "a1", "a2", "a3", "a7"));
    EXPECT_THAT(hosts("a[3,1,0]"), ElementsAre("a3", "a1", "a0"));
    EXPECT_THAT(hosts("a[00-03]"), ElementsAre("a00", "a01", "a02", "a03"));
    EXPECT_THAT(hosts("a[0-1].b.c"), ElementsAre("a0.b.c", "a1.b.c"));
    EXPECT_THAT(hosts("a0,a1 b"), ElementsAre("a0", "a1", "b"));
    EXPECT_THAT(hosts("a[0-1]b[0-1]"), ElementsAre("a0b[0-1]", "a1b[0-1]"));
    EXPECT_THAT(hosts("a,a"), ElementsAre("a", "a"));
    EXPECT_THAT(hosts(""), ElementsAre());
    EXPECT_THAT(hosts("a[9-11]"), ElementsAre("a9", "a10", "a11"));
}

TEST(Hostlist, RefusesWhatFluxRefuses) {
    for (const char* text : {"a[1-0]", "a[]", "a[", "a]", "a[0-", "a[x]", "a[0-1", "a]0[",
                             "a[0-999999999]", "a[1-2-3]"}) {
        const auto list = Hostlist::parse(text);
        ASSERT_FALSE(list) << text;
        EXPECT_EQ(list.error().kind, Kind::malformed);
    }
}

TEST(Hostlist, FormatsAsFluxDoes) {
    const auto format = [](std::vector<std::string> hosts) {
        return Hostlist(std::move(hosts)).format();
    };
    EXPECT_EQ(format({"a0", "a1", "a2", "a3", "a7"}), "a[0-3,7]");
    EXPECT_EQ(format({"a0.b.c", "a1.b.c"}), "a0.b.c,a1.b.c");
    EXPECT_EQ(format({"a00", "a01"}), "a[00-01]");
    EXPECT_EQ(format({"a9", "a10"}), "a[9-10]");
    EXPECT_EQ(format({"a3", "a1", "a0"}), "a[3,1,0]");
    EXPECT_EQ(format({"a1", "b1"}), "a1,b1");
    EXPECT_EQ(format({"a", "a"}), "a,a");
    EXPECT_EQ(format({}), "");
}

TEST(Hostlist, FindsAndRanksAsFluxDoes) {
    const auto list = Hostlist::parse("b,a[0-1],b").value();
    EXPECT_EQ(list.find("a1"), 2u);
    EXPECT_EQ(list.find("c"), std::nullopt);
    EXPECT_THAT(list.without_duplicates().hosts(), ElementsAre("b", "a0", "a1"));
}

RC_GTEST_PROP(HostlistProperty, ParseAfterFormatIsTheSameList, ()) {
    const auto host = rc::gen::apply(
        [](const std::string& prefix, unsigned number, unsigned width) {
            return fmt::format("{}{:0{}}", prefix, number, width + 1);
        },
        rc::gen::element<std::string>("a", "node-", "x1y", "n0-"), rc::gen::inRange(0u, 1200u),
        rc::gen::inRange(0u, 4u));
    const auto hosts = *rc::gen::container<std::vector<std::string>>(host);
    const Hostlist list(hosts);
    RC_ASSERT(Hostlist::parse(list.format()).value().hosts() == hosts);
}

}  // namespace
}  // namespace muster
