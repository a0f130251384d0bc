// SPDX-License-Identifier: Apache-2.0
#include "muster/base/rfc3339.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace muster {
namespace {

using std::chrono::milliseconds;

struct TimeCase {
    const char* text;
    std::int64_t milliseconds;
};

TEST(Rfc3339, IsRead) {
    for (const auto& [text, expected] :
         {TimeCase{"1970-01-01T00:00:00Z", 0}, TimeCase{"1970-01-02T00:00:01.5Z", 86'401'500},
          TimeCase{"1970-01-01T01:00:00+01:00", 0}, TimeCase{"1969-12-31T23:00:00Z", -1},
          TimeCase{"1970-01-01T00:00:00-00:30", 1'800'000},
          TimeCase{"2026-11-23T02:49:32.249595Z", 1'795'402'172'249},
          TimeCase{"2026-11-23T02:49:32.249595123456789Z", 1'795'402'172'249}}) {
        const auto time = parse_rfc3339(text);
        if (expected < 0) {
            EXPECT_FALSE(time) << text;
        } else {
            ASSERT_TRUE(time) << text;
            EXPECT_EQ(time->time_since_epoch() / milliseconds(1), expected) << text;
        }
    }
}

TEST(Rfc3339, OtherTextIsNone) {
    for (const auto* text :
         {"", "Z", "2026-11-23", "2026-11-23T02:49", "2026-11-23T02:49:32", "2026-13-23T02:49:32Z",
          "2026-00-23T02:49:32Z", "2026-11-32T02:49:32Z", "2026-11-23T24:49:32Z",
          "2026-11-23T02:60:32Z", "2026-11-23T02:49:32.Z", "2026-11-23T02:49:32Zx",
          "2026-11-23T02:49:32+1:00", "9999-11-23T02:49:32Z", "+026-11-23T02:49:32Z"})
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

}  // namespace
}  // namespace muster
