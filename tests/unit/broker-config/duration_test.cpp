// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include <rapidcheck/gtest.h>

namespace muster::broker_config {
namespace {

TEST(Duration, ReadsWhatRfc23Allows) {
    const auto seconds = [](std::string_view text) { return parse_duration(text).value(); };
    EXPECT_DOUBLE_EQ(seconds("0"), 0);
    EXPECT_DOUBLE_EQ(seconds("30"), 30);
    EXPECT_DOUBLE_EQ(seconds("500ms"), 0.5);
    EXPECT_DOUBLE_EQ(seconds("2s"), 2);
    EXPECT_DOUBLE_EQ(seconds("1.5m"), 90);
    EXPECT_DOUBLE_EQ(seconds(".5h"), 1800);
    EXPECT_DOUBLE_EQ(seconds("90d"), 7776000);
    EXPECT_DOUBLE_EQ(seconds("1e3"), 1000);
    EXPECT_DOUBLE_EQ(seconds("+1s"), 1);
    EXPECT_TRUE(std::isinf(seconds("inf")));
    EXPECT_TRUE(std::isinf(seconds("INFINITY")));
}

TEST(Duration, RefusesEverythingElse) {
    using namespace std::string_view_literals;
    for (const auto text :
         {""sv,    "s"sv,    "ms"sv,   " 5s"sv,        "5 s"sv, "5s "sv,   "-1"sv,
          "-1s"sv, "-inf"sv, "infs"sv, "infinity s"sv, "nan"sv, "5x"sv,    "5S"sv,
          "5w"sv,  "5ss"sv,  "five"sv, "5s\0"sv,       "\0"sv,  "1..5s"sv, "i"sv}) {
        const auto seconds = parse_duration(text);
        ASSERT_FALSE(seconds) << text;
        EXPECT_EQ(seconds.error().kind, Kind::config);
        EXPECT_THAT(seconds.error().message, testing::HasSubstr("is not a Flux Standard Duration"));
    }
}

TEST(Duration, FormatsAsFluxDoes) {
    EXPECT_EQ(format_duration(0), "0s");
    EXPECT_EQ(format_duration(0.05), "50ms");
    EXPECT_EQ(format_duration(0.25), "0.25s");
    EXPECT_EQ(format_duration(59.5), "59.5s");
    EXPECT_EQ(format_duration(90), "1.5m");
    EXPECT_EQ(format_duration(7200), "2h");
    EXPECT_EQ(format_duration(86400), "1d");
    EXPECT_EQ(format_duration(INFINITY), "infinity");
}

RC_GTEST_PROP(DurationLaw, ParseAfterFormatKeepsSixDigits, ()) {
    const auto milliseconds = *rc::gen::inRange<std::int64_t>(0, 1LL << 40);
    const double seconds = static_cast<double>(milliseconds) / 1000;
    const double back = parse_duration(format_duration(seconds)).value();
    RC_ASSERT(std::abs(back - seconds) <= seconds * 1e-5);
}

}  // namespace
}  // namespace muster::broker_config
