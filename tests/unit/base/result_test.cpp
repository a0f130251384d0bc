// SPDX-License-Identifier: Apache-2.0
#include "muster/base/result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "muster/base/assert.hpp"

namespace muster {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return fail(Kind::malformed, "{} is odd", number);
    return number / 2;
}

Result<int> quarter(int number) {
    TRY_ASSIGN(const int once, within("first", half(number)));
    TRY_ASSIGN(const int twice, within("second", half(once)));
    return twice;
}

Result<void> check(int number) {
    TRY(half(number));
    return {};
}

Result<std::unique_ptr<int>> make(bool good) {
    if (!good) return fail(Kind::internal, "no value");
    return std::make_unique<int>(7);
}

Result<int> unwrap(bool good) {
    TRY_ASSIGN(const std::unique_ptr<int> value, make(good));
    return *value;
}

TEST(Result, CarriesAValueOrOneSentenceBuiltOnTheWayUp) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(3).error().message, "first: 3 is odd");
    EXPECT_EQ(quarter(6).error().message, "second: 3 is odd");
    EXPECT_EQ(quarter(6).error().kind, Kind::malformed);
}

TEST(Result, TryReturnsTheErrorAsItIs) {
    EXPECT_TRUE(check(2));
    EXPECT_EQ(check(5).error().message, "5 is odd");
}

TEST(Result, TryAssignMovesWhatCannotBeCopied) {
    EXPECT_EQ(unwrap(true).value(), 7);
    EXPECT_EQ(unwrap(false).error().kind, Kind::internal);
}

TEST(Result, FailFormatsItsArguments) {
    const Result<int> result = fail(Kind::io, "write {}: {}", "/x", os_error(ENOSPC));
    EXPECT_EQ(result.error().message, "write /x: No space left on device");
}

TEST(Result, ErrorsGainContextOutsideIn) {
    auto error = Error{.kind = Kind::usage, .message = "c"}.within("b").within("a");
    EXPECT_EQ(error.message, "a: b: c");
    EXPECT_EQ(error.kind, Kind::usage);
}

TEST(ExitCodes, AreOneAscendingTableThatHasEveryKind) {
    int previous = -1;
    for (const auto& row : exit_codes()) {
        EXPECT_GT(row.code, previous);
        previous = row.code;
        EXPECT_FALSE(row.name.empty());
        EXPECT_FALSE(row.meaning.empty());
        EXPECT_FALSE(row.mend.empty());
        EXPECT_EQ(find_exit_code(row.code), &row);
    }
    for (const auto kind :
         {Kind::usage, Kind::malformed, Kind::no_name, Kind::unavailable, Kind::internal, Kind::io,
          Kind::protocol, Kind::denied, Kind::config, Kind::not_executable, Kind::no_program})
        EXPECT_NE(find_exit_code(exit_code(kind)), nullptr) << exit_code(kind);
    EXPECT_EQ(find_exit_code(1), nullptr);
    EXPECT_EQ(find_exit_code(137), nullptr);
}

TEST(AssertDeathTest, EndsTheProcessAsABugWithThePlace) {
    EXPECT_EXIT(MUSTER_ASSERT(1 + 1 == 3), testing::ExitedWithCode(70),
                "muster: bug at .*result_test.cpp:[0-9]+: 1 \\+ 1 == 3");
    MUSTER_ASSERT(1 + 1 == 2);
}

}  // namespace
}  // namespace muster
