// SPDX-License-Identifier: Apache-2.0
#include "rest.hpp"

#include <gtest/gtest.h>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

TEST(RestAfter, IsASixteenthOfTheWait) {
    EXPECT_EQ(rest_after(8s, 100ms), 500ms);
    EXPECT_EQ(rest_after(32s, 100ms), 2s);
}

TEST(RestAfter, IsTheLeastAtFirst) {
    EXPECT_EQ(rest_after(0s, 100ms), 100ms);
    EXPECT_EQ(rest_after(1600ms, 100ms), 100ms);
}

TEST(RestAfter, IsNoMoreThanTwoAndAHalfSeconds) {
    EXPECT_EQ(rest_after(1min, 64ms), 2500ms);
    EXPECT_EQ(rest_after(Duration::max(), 64ms), 2500ms);
}

TEST(RestAfter, IsNeverBelowTheLeast) {
    EXPECT_EQ(rest_after(0s, 2s), 2s);
    EXPECT_EQ(rest_after(1h, 3s), 3s);
}

}  // namespace
}  // namespace muster::discovery
