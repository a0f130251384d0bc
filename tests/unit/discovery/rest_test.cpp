// SPDX-License-Identifier: Apache-2.0
#include "rest.hpp"

#include <gtest/gtest.h>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

TEST(RestAfter, IsTheLeastForTenSeconds) {
    EXPECT_EQ(rest_after(0s, 100ms), 100ms);
    EXPECT_EQ(rest_after(10s, 100ms), 100ms);
    EXPECT_EQ(rest_after(10s, 200ms), 200ms);
}

TEST(RestAfter, GrowsAsTheFourthPowerUpToFiveQuartersOfASecond) {
    EXPECT_EQ(rest_after(15s, 64ms), 324ms);
    EXPECT_EQ(rest_after(20s, 64ms), 1024ms);
    EXPECT_EQ(rest_after(40s, 64ms), 1250ms);
    EXPECT_EQ(rest_after(24h, 64ms), 1250ms);
    EXPECT_EQ(rest_after(Duration::max(), 64ms), 1250ms);
}

TEST(RestAfter, IsNeverBelowTheLeast) {
    EXPECT_EQ(rest_after(0s, 2s), 2s);
    EXPECT_EQ(rest_after(1h, 2s), 2s);
}

}  // namespace
}  // namespace muster::discovery
