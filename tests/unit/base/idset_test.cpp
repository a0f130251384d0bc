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

// RFC 22, "Examples" and "Test vectors", and what its grammar excludes.
constexpr Row rows[] = {
    {"", ""},
    {"2", "2"},
    {"7-9", "7-9"},
    {"1,7-9,16", "1,7-9,16"},
    {"1-7,9-16", "1-7,9-16"},
    {"14-20,22", "14-20,22"},
    {"[99]", "99"},
    {"[1,2,3,4]", "1-4"},
    {"[]", ""},
    {"0-0", "0"},
    {"1,7-9 ,16", nullptr},
    {"1-", nullptr},
    {"-1", nullptr},
    {"4-1", nullptr},
    {"1,1", nullptr},
    {"3,2", nullptr},
    {"01", nullptr},
    {"[1", nullptr},
    {"1]", nullptr},
    {"1,,2", nullptr},
    {"a", nullptr},
    {"1.5", nullptr},
    {"99999999999", nullptr},
    {"1-3,2-4", nullptr},
    {",1", nullptr},
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
