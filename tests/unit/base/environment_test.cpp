// SPDX-License-Identifier: Apache-2.0
#include "muster/base/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace muster {
namespace {

TEST(Environment, IsACopyOfTheProcess) {
    ::setenv("MUSTER_TEST_VARIABLE", "a=b", 1);
    ::setenv("MUSTER_TEST_EMPTY", "", 1);
    const auto copy = environment();
    ::unsetenv("MUSTER_TEST_VARIABLE");
    ::unsetenv("MUSTER_TEST_EMPTY");
    EXPECT_EQ(copy.at("MUSTER_TEST_VARIABLE"), "a=b");
    EXPECT_EQ(copy.at("MUSTER_TEST_EMPTY"), "");
    EXPECT_FALSE(environment().contains("MUSTER_TEST_VARIABLE"));
}

TEST(Environment, TakesTheFirstOfTwoAndSkipsWhatIsNoVariable) {
    std::string first = "A=1";
    std::string second = "A=2";
    std::string odd = "no variable";
    char* fake[] = {first.data(), odd.data(), second.data(), nullptr};
    char** const real = ::environ;
    ::environ = fake;
    const auto copy = environment();
    ::environ = real;
    EXPECT_EQ(copy, (Environment{{"A", "1"}}));
}

TEST(Environment, IsFormattedInOrderOfNames) {
    EXPECT_THAT(format_environment({{"B", "2"}, {"A", ""}, {"C", "x y=z"}}),
                testing::ElementsAre("A=", "B=2", "C=x y=z"));
}

}  // namespace
}  // namespace muster
