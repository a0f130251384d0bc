// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace muster::doctor {
namespace {

TEST(SeemsHung, OnlyWhoSleepsOrIsStoppedAndUsesNoTime) {
    EXPECT_TRUE(seems_hung({'S', 5}, {'S', 5}));
    EXPECT_TRUE(seems_hung({'S', 5}, {'T', 5}));
    EXPECT_FALSE(seems_hung({'S', 5}, {'S', 6}));  // busy
    EXPECT_FALSE(seems_hung({'R', 5}, {'R', 5}));  // wants to run
    EXPECT_FALSE(seems_hung({'D', 5}, {'D', 5}));  // waits for a disk
    EXPECT_FALSE(seems_hung({}, {}));              // cannot be seen
    EXPECT_NE(look_at_process(::getpid()).state, 0);
    EXPECT_EQ(look_at_process(-1).state, 0);
}

TEST(ProcessLook, AtWork) {
    EXPECT_TRUE((ProcessLook{'R', 0}).at_work());
    EXPECT_TRUE((ProcessLook{'D', 0}).at_work());
    EXPECT_FALSE((ProcessLook{'S', 0}).at_work());
    EXPECT_FALSE((ProcessLook{'T', 0}).at_work());
    EXPECT_TRUE(look_at_process(::getpid()).at_work());
}

}  // namespace
}  // namespace muster::doctor
