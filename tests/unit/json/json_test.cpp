// SPDX-License-Identifier: Apache-2.0
#include "muster/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <limits>

namespace muster::json {
namespace {

using testing::HasSubstr;

TEST(Json, ReadsEveryKindOfValue) {
    EXPECT_TRUE(Value::parse("null")->is_null());
    EXPECT_EQ(Value::parse("-7")->as_integer(), -7);
    EXPECT_EQ(Value::parse("1.5")->as_number(), 1.5);
    EXPECT_EQ(Value::parse("2")->as_number(), 2.0) << "an integer is a number";
    EXPECT_EQ(Value::parse("1.0")->as_integer(), std::nullopt) << "a real is no integer";
    EXPECT_EQ(Value::parse("true")->as_boolean(), true);
    EXPECT_EQ(Value::parse(R"("a\u00e9\n")")->as_string(), "a\xc3\xa9\n");
    EXPECT_TRUE(Value::parse("[]")->is_array());
    EXPECT_TRUE(Value::parse("{}")->is_object());
}

TEST(Json, HasNoValueOfAnotherKind) {
    const auto text = Value::string("1");
    EXPECT_EQ(text.as_integer(), std::nullopt);
    EXPECT_EQ(text.as_number(), std::nullopt);
    EXPECT_EQ(text.as_boolean(), std::nullopt);
    EXPECT_EQ(Value::integer(1).as_string(), std::nullopt);
    EXPECT_EQ(Value().as_boolean(), std::nullopt);
    EXPECT_TRUE(text.items().empty());
    EXPECT_TRUE(text.members().empty());
    EXPECT_TRUE(text.get("x").is_null());
    EXPECT_FALSE(text.has("x"));
}

TEST(Json, WritesWhatWasSetInItsOrder) {
    auto object = Value::object();
    object.set("z", Value::integer(1)).set("a", Value::array().append(Value::boolean(false)));
    object.set("m", Value());
    EXPECT_EQ(object.format(), R"({"z":1,"a":[false],"m":null})");
    EXPECT_EQ(object.format(2), "{\n  \"z\": 1,\n  \"a\": [\n    false\n  ],\n  \"m\": null\n}");
    EXPECT_EQ(Value::real(0.0).format(), "0.0");
    EXPECT_EQ(Value::real(0.1).as_number(), 0.1);
    EXPECT_EQ(Value::integer(std::numeric_limits<std::int64_t>::min()).format(),
              "-9223372036854775808");
    EXPECT_EQ(Value::string("\"\\\x01\n\xe2\x82\xac").format(),
              "\"\\\"\\\\\\u0001\\n\xe2\x82\xac\"");
}

struct Refusal {
    const char* text;
    const char* message;
};

TEST(Json, RefusesWhatIsNoJsonWithThePlace) {
    for (const auto& [text, message] : {Refusal{"", "JSON line 1 column 0: "},
                                        {"{", "JSON line 1 column 1: "},
                                        {"{\"a\": 1,\n \"a\": 2}", "JSON line 2 column 4: "},
                                        {"[1,]", "JSON line 1 column 4: "},
                                        {"1 2", "JSON line 1 column 3: "},
                                        {"'a'", "JSON line 1 column 1: "},
                                        {"[1e999]", "JSON line 1 column 6: "},
                                        {"99999999999999999999", "JSON line 1 column 20: "},
                                        {"\"\xff\"", "JSON line 1 column"},
                                        {"\"\\u0000\"", "JSON line 1 column"},
                                        {"NaN", "JSON line 1 column"}}) {
        const auto value = Value::parse(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().kind, Kind::malformed);
        EXPECT_THAT(value.error().message, HasSubstr(message)) << text;
    }
    EXPECT_FALSE(Value::parse(std::string(100'000, '['))) << "no stack is deep enough";
    EXPECT_FALSE(Value::parse(std::string_view("1\0002", 3)));
}

TEST(Json, NamesTheMemberThatIsMissing) {
    const auto object = Value::parse(R"({"s": "x", "i": 3})").value();
    EXPECT_EQ(object.string_at("s").value(), "x");
    EXPECT_EQ(object.integer_at("i").value(), 3);
    EXPECT_EQ(object.string_at("i").error().message, "'i' is missing or no string");
    EXPECT_EQ(object.integer_at("no").error().message, "'no' is missing or no integer");
}

TEST(Json, SharesItsValueBetweenCopiesAndMoves) {
    auto first = Value::object();
    Value second = first;
    first.set("a", Value::integer(1));
    EXPECT_EQ(second.get("a").as_integer(), 1);
    Value third = std::move(second);
    EXPECT_EQ(third, first);
    second = third;
    EXPECT_EQ(second.format(), R"({"a":1})");
    third = Value();
    EXPECT_TRUE(third.is_null());
    EXPECT_FALSE(third == first);
}

TEST(Json, ComparesByContent) {
    EXPECT_EQ(Value::parse(R"({"a": 1, "b": [2]})").value(),
              Value::parse(R"({"b":[2],"a":1})").value());
    EXPECT_FALSE(Value::parse("[1,2]").value() == Value::parse("[2,1]").value());
}

TEST(Json, TurnsBytesThatAreNoUtf8IntoTheReplacementCharacter) {
    EXPECT_EQ(Value::string("a\xff\xfe z").as_string(), "a\xEF\xBF\xBD\xEF\xBF\xBD z");
    EXPECT_EQ(Value::string(std::string_view("a\0b", 3)).as_string(), std::string("a\0b", 3));
}

TEST(JsonDeathTest, HasNoNumberForWhatIsNone) {
    EXPECT_EXIT(Value::real(std::numeric_limits<double>::quiet_NaN()), testing::ExitedWithCode(70),
                "bug at");
}

RC_GTEST_PROP(JsonProperty, AnyStringSurvives, (const std::string& text)) {
    const auto value = Value::string(text);
    const auto stored = value.as_string().value();
    if (text.find('\0') == std::string::npos)
        RC_ASSERT(Value::parse(value.format()).value() == value);
    bool is_ascii = true;
    for (const char c : text) is_ascii = is_ascii && (static_cast<unsigned char>(c) & 0x80u) == 0;
    if (is_ascii) RC_ASSERT(stored == text);
}

}  // namespace
}  // namespace muster::json
