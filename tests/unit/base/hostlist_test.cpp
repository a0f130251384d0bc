// SPDX-License-Identifier: Apache-2.0
#include "muster/base/hostlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/ranges.h>
#include <rapidcheck/gtest.h>

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> hosts(std::string_view text) {
    return Hostlist::parse(text).value().hosts();
}

struct Vector {
    const char* text;
    const char* expanded;  ///< names, comma separated
};

// RFC 29, "Test Vectors", all of them.
constexpr Vector rfc29[] = {
    {"", ""},
    {"foox,fooy,fooz", "foox,fooy,fooz"},
    {"[1-3,5-6]", "1,2,3,5,6"},
    {"foo[1-5]", "foo1,foo2,foo3,foo4,foo5"},
    {"foo[0-4]-eth2", "foo0-eth2,foo1-eth2,foo2-eth2,foo3-eth2,foo4-eth2"},
    {"foo1,foo1,foo1", "foo1,foo1,foo1"},
    {"[00-02]", "00,01,02"},
    {"[00-2]", "00,01,02"},
    {"foo[1,1,2,1]", "foo1,foo1,foo2,foo1"},
};

// What libhostlist makes of these (flux-core, observed by a comparison of 10^5 random lists).
constexpr Vector flux[] = {
    {"a[0-3,7]", "a0,a1,a2,a3,a7"},
    {"a[3,1,0]", "a3,a1,a0"},
    {"a[0-1].b.c", "a0.b.c,a1.b.c"},
    {"a0,a1 b\tc", "a0,a1,b,c"},
    {",,a, ,b,", "a,b"},
    {"a,a", "a,a"},
    {"a[9-11]", "a9,a10,a11"},
    {"a[1-002]", "a1,a2"},
    {"a[98-100]", "a98,a99,a100"},
    {"foo[005,4,11-13]", "foo005,foo4,foo11,foo12,foo13"},  // RFC 29's words: 005,004,011,...
    {"p[00-3]p", "p00p,p01p,p02p,p03p"},
    {"b1[1-2]", "b11,b12"},
    {"a[0-1]b[0]", "a0b[0],a1b[0]"},  // a name that no host has, but so Flux decodes it
};

TEST(Hostlist, ExpandsTheTestVectorsOfRfc29AndFlux) {
    const auto check = [](const Vector& row) {
        const auto list = Hostlist::parse(row.text);
        ASSERT_TRUE(list) << row.text << ": " << list.error().message;
        EXPECT_EQ(fmt::format("{}", fmt::join(list->hosts(), ",")), row.expanded) << row.text;
    };
    for (const auto& row : rfc29) check(row);
    for (const auto& row : flux) check(row);
}

struct Refusal {
    std::string text;
    const char* reason;
};

TEST(Hostlist, RefusesWhatFluxRefusesOrLoses) {
    const Refusal rows[] = {
        {"a[1-0]", "'1-0' runs backwards"},
        {"a[]", "empty brackets"},
        {"a[", "brackets of 'a[' do not match"},
        {"a]", "brackets of 'a]' do not match"},
        {"a[0-", "brackets of 'a[0-' do not match"},
        {"a]0[", "brackets of 'a]0[' do not match"},
        {"a[0-1", "brackets of 'a[0-1' do not match"},
        {"foo[[1,3]", "'[1' is not a number"},
        {"a[x]", "'x' is not a number"},
        {"a[x-y]", "'x' is not a number"},
        {"a[1,]", "'' is not a number"},
        {"a[-1]", "'' is not a number"},
        {"a[1-]", "'' is not a number"},
        {"foo[0-1,2--5]", "'-5' is not a number"},
        {"a[1-2-3]", "'2-3' is not a number"},
        {"a[ 1]", "byte 0x20 cannot be part of a name"},
        {"a[+1]", "'+1' is not a number"},
        {"a[1234567890]", "'1234567890' is not a number of at most 9 digits"},
        {"a[0-999999999]", "more than 1048576 hosts"},
        {"foo[0-1048576]", "more than 1048576 hosts"},
        {"a\nb", "byte 0x0a cannot be part of a name"},
        {"\xc3\xa9", "byte 0xc3 cannot be part of a name"},
        {"n" + std::string(20, '1'), "ends in a number of more than 19 digits"},
        {"n[0]" + std::string(20, '1'), "ends in a number of more than 19 digits"},
        {std::string(271, 'x'), "is longer than 270 characters"},
        {std::string(265, 'x') + "[100000-100001]", "is longer than 270 characters"},
    };
    for (const auto& [text, reason] : rows) {
        const auto list = Hostlist::parse(text);
        ASSERT_FALSE(list) << text;
        EXPECT_EQ(list.error().kind, Kind::malformed);
        EXPECT_THAT(list.error().message, HasSubstr(reason)) << text;
        EXPECT_THAT(list.error().message, StartsWith("hostlist '"));
    }
}

TEST(Hostlist, HoldsItsLimit) {
    EXPECT_TRUE(Hostlist::parse("a[0-3]", 4));
    EXPECT_FALSE(Hostlist::parse("a[0-4]", 4));
    EXPECT_FALSE(Hostlist::parse("a,b,c,d,e", 4));
    EXPECT_FALSE(Hostlist::parse("a[0-2],b,c", 4));
    EXPECT_TRUE(Hostlist::parse("a[0-1048575]"));
}

TEST(Hostlist, FormatsAsFluxDoes) {
    const auto format = [](const char* text) { return Hostlist(hosts(text)).format(); };
    for (const char* same : {"",
                             "a",
                             "a[0-3,7]",
                             "a0.b.c,a1.b.c",
                             "a[00-01]",
                             "a[9-10]",
                             "a[0,10]",
                             "a[3,1,0]",
                             "a1,b1",
                             "a,a",
                             "a[1,1-2,1]",
                             "foo[12,4,1-2],bar[26-30]",
                             "foo-1a-[2-3]",
                             "14636",
                             "[1-5,9]",
                             "mcr[336-359,488-550,553]",
                             "flux-sample-[0-9999]",
                             "a[98-100]",
                             "fooi,foo[1-3,5,7-8]",
                             "foo1,fooi,foo[2-3]"})
        EXPECT_EQ(format(same), same);
    // Flux puts these into one bracket, [1,02]; RFC 29's words would read that as 1 and 2.
    EXPECT_EQ(format("a1,a02"), "a1,a02");
    EXPECT_EQ(format("a[099],a[0100]"), "a099,a0100");
    EXPECT_EQ(format("n1234567890,n1234567891"), "n1[234567890-234567891]");
}

TEST(Hostlist, StartsAnotherBracketWhereFluxWouldReadNoFurther) {
    std::vector<std::string> odd;
    for (int i = 0; i < 10'241; ++i) odd.push_back(fmt::format("a{}", 2 * i + 1));
    const auto text = Hostlist(odd).format();
    EXPECT_TRUE(text.ends_with(",20479],a[20481]")) << text.substr(text.size() - 30);
    EXPECT_EQ(hosts(text), odd);
    std::string ranges = "a[1";
    for (int i = 1; i < 10'241; ++i) ranges += ",1";
    EXPECT_THAT(Hostlist::parse(ranges + "]").error().message,
                HasSubstr("more than 10240 ranges in brackets"));
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
