// SPDX-License-Identifier: Apache-2.0
#include "muster/log.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace muster::log {
namespace {

/// What `body` writes to standard error.
std::string lines_of(const std::function<void()>& body) {
    testing::internal::CaptureStderr();
    body();
    return testing::internal::GetCapturedStderr();
}

class LogTest : public testing::Test {
  protected:
    ~LogTest() override { configure("muster", Level::info); }
};

TEST_F(LogTest, SaysWhoHowBadAndWhat) {
    EXPECT_EQ(lines_of([] { info("rank {} of {}", 3, 4); }), "muster: info: rank 3 of 4\n");
    EXPECT_EQ(lines_of([] { warning("w"); }), "muster: warning: w\n");
    EXPECT_EQ(lines_of([] { error("e"); }), "muster: error: e\n");
}

TEST_F(LogTest, LeavesOutWhatIsLessThanAskedFor) {
    EXPECT_EQ(lines_of([] { debug("d"); }), "");
    configure("muster", Level::debug);
    EXPECT_EQ(lines_of([] { debug("d"); }), "muster: debug: d\n");
    configure("muster", Level::error);
    EXPECT_EQ(lines_of([] {
                  warning("w");
                  info("i");
              }),
              "");
}

TEST_F(LogTest, TakesItsNameAsItIs) {
    configure("muster[3] 100% %v", Level::info);
    EXPECT_EQ(lines_of([] { info("x"); }), "muster[3] 100% %v: info: x\n");
}

TEST_F(LogTest, NeverFormatsTheTextAgain) {
    EXPECT_EQ(lines_of([] { write(Level::info, "{} %v {0}"); }), "muster: info: {} %v {0}\n");
    EXPECT_EQ(lines_of([] { info("{}", "{} %d"); }), "muster: info: {} %d\n");
}

}  // namespace
}  // namespace muster::log
