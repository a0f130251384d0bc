// SPDX-License-Identifier: Apache-2.0
#include "muster/base/idset.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace muster {
namespace {

struct Row {
    const char* text;
    const char* canonical;  // nullptr: refused
};

// RFC 22's examples, the table of libidset's own test (flux-core), and what the grammar excludes.
constexpr Row rows[] = {
    {"", ""},
    {"1,2,3,5,6,42", "1-3,5-6,42"},
    {"1-3,5-6,42", "1-3,5-6,42"},
    {"[1-3,5-6,42]", "1-3,5-6,42"},
    {"2", "2"},
    {"7-9", "7-9"},
    {"1,7-9,16", "1,7-9,16"},
    {"1-7,9-16", "1-7,9-16"},
    {"14-20,22", "14-20,22"},
    {"1-3,7-9,14,16", "1-3,7-9,14,16"},
    {"2,3,4,5", "2-5"},
    {"2-3,4-5", "2-5"},
    {"1048576", "1048576"},
    {"16777215", "16777215"},
    {"[99]", "99"},
    {"[0]", "0"},
    {"[]", ""},
    {"4.2", nullptr},
    {"x", nullptr},
    {"1-2x", nullptr},
    {"01,2", nullptr},
    {"00", nullptr},
    {"3,2", nullptr},
    {"3-0", nullptr},
    {"0-0", nullptr},
    {"2,2,2,2", nullptr},
    {"[0", nullptr},
    {"0]", nullptr},
    {"[", nullptr},
    {"]", nullptr},
    {"[[0]]", nullptr},
    {"[[0,2]", nullptr},
    {"[0,2]]", nullptr},
    {"0,[2", nullptr},
    {"0]2", nullptr},
    {"0-", nullptr},
    {"[0-]", nullptr},
    {"-5", nullptr},
    {"[-5]", nullptr},
    {"1-3,2-4", nullptr},
    {"1-3,3", nullptr},
    {"1-2-3", nullptr},
    {"1,7-9 ,16", nullptr},
    {" 1", nullptr},
    {"+1", nullptr},
    {"0x1", nullptr},
    {"1-02", nullptr},
    {"16777216", nullptr},  // the limit, unless another is given
    {"99999999999", nullptr},
    // Flux skips empty elements; RFC 22 has none.
    {"1,,2", nullptr},
    {",1", nullptr},
    {"1,", nullptr},
    {",", nullptr},
};

TEST(Idset, FollowsRfc22) {
    for (const auto& row : rows) {
        const auto set = Idset::parse(row.text);
        ASSERT_EQ(set.has_value(), row.canonical != nullptr) << row.text;
        if (set)
            EXPECT_EQ(set->format(), row.canonical);
        else
            EXPECT_EQ(set.error().kind, Kind::malformed);
    }
}

TEST(Idset, RefusesATrailingCommaAndNamesTheText) {
    const auto set = Idset::parse("1,");
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().message, "idset '1,': expected a number at ''");
}

TEST(Idset, SaysWhereATextIsWrong) {
    const auto message = [](const char* text) { return Idset::parse(text).error().message; };
    EXPECT_EQ(message("[1"), "idset '[1': brackets do not match");
    EXPECT_EQ(message("1;2"), "idset '1;2': expected ',' at ';2'");
    EXPECT_EQ(message("4-1"), "idset '4-1': 4-1 is no ascending range");
    EXPECT_EQ(message("3,2"), "idset '3,2': 2 is out of order");
    EXPECT_EQ(message("1,02"), "idset '1,02': leading zero at '02'");
    EXPECT_EQ(Idset::parse("9", 9).error().message, "idset '9': 9 is not below 9");
    EXPECT_LT(message(std::string(100'000, 'x').c_str()).size(), 200u);
}

TEST(Idset, IsARangeOrEmpty) {
    EXPECT_EQ(Idset::range(3, 5).format(), "3-5");
    EXPECT_EQ(Idset::range(3, 3).format(), "3");
    EXPECT_TRUE(Idset::range(4, 3).empty());
    const auto last = Idset::range(4'294'967'294, 4'294'967'295);
    EXPECT_EQ(last.ids(), (std::vector<std::uint32_t>{4'294'967'294, 4'294'967'295}));
    EXPECT_EQ(last.size(), 2u);
}

TEST(Idset, KnowsItsEnds) {
    const auto set = Idset::parse("3,5-9").value();
    EXPECT_EQ(set.first(), 3u);
    EXPECT_EQ(set.last(), 9u);
}

TEST(Idset, OfMillionsIsSmallAndQuick) {
    const auto set = Idset::parse("0-16777214").value();
    EXPECT_EQ(set.size(), 16'777'215u);
    EXPECT_TRUE(set.contains(16'777'214));
    EXPECT_FALSE(set.contains(16'777'215));
}

RC_GTEST_PROP(IdsetProperty, TheUnionHasTheIdsOfBoth,
              (const std::set<std::uint8_t>& left, const std::set<std::uint8_t>& right)) {
    const auto make = [](const std::set<std::uint8_t>& ids) {
        Idset set;
        for (const auto id : ids) set.insert(id);
        return set;
    };
    std::set<std::uint8_t> both = left;
    both.insert(right.begin(), right.end());
    Idset set = make(left);
    set.insert(make(right));
    RC_ASSERT(set == make(both));
}

RC_GTEST_PROP(IdsetProperty, InsertedIdsAreTheSetAndItsTextParsesBack,
              (const std::vector<std::uint16_t>& ids)) {
    Idset set;
    for (const auto id : ids) set.insert(id);
    const std::set<std::uint32_t> expected(ids.begin(), ids.end());
    RC_ASSERT(set.ids() == std::vector<std::uint32_t>(expected.begin(), expected.end()));
    RC_ASSERT(set.size() == expected.size());
    RC_ASSERT(Idset::parse(set.format()).value() == set);
    for (const auto id : ids) RC_ASSERT(set.contains(id));
}

}  // namespace
}  // namespace muster
