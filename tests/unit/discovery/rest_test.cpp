// SPDX-License-Identifier: Apache-2.0
#include "rest.hpp"

#include <gtest/gtest.h>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

TEST(RestAfter, IsTheLeastForNineSeconds) {
    EXPECT_EQ(rest_after(0s, 100ms), 100ms);
    EXPECT_EQ(rest_after(9s, 100ms), 100ms);
    EXPECT_EQ(rest_after(9s, 200ms), 200ms);
}

TEST(RestAfter, GrowsAsTheSquareUpToASecond) {
    EXPECT_EQ(rest_after(18s, 100ms), 400ms);
    EXPECT_EQ(rest_after(27s, 100ms), 900ms);
    EXPECT_EQ(rest_after(40s, 100ms), 1s);
    EXPECT_EQ(rest_after(24h, 100ms), 1s);
    EXPECT_EQ(rest_after(Duration::max(), 100ms), 1s);
}

TEST(RestAfter, IsNeverBelowTheLeast) {
    EXPECT_EQ(rest_after(0s, 2s), 2s);
    EXPECT_EQ(rest_after(1h, 2s), 2s);
}

}  // namespace
}  // namespace muster::discovery
