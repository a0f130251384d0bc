// SPDX-License-Identifier: Apache-2.0
#include "bytes.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace muster::rehearsal {
namespace {

TEST(Base64, IsThatOfRfc4648) {
    const std::vector<std::pair<std::string, std::string>> rows = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"},
                                                                   {"\xff\xfe", "//4="}};
    for (const auto& [bytes, text] : rows) {
        EXPECT_EQ(encode_base64(bytes), text);
        EXPECT_EQ(decode_base64(text), bytes);
    }
}

TEST(Base64, RefusesWhatIsNone) {
    for (const char* text :
         {"Z", "Zg", "Zg=", "Zm9vY", "Zm 9", "Zg==Zg==", "====", "Zm9\xff", "Z==="})
        EXPECT_FALSE(decode_base64(text).has_value()) << text;
}

TEST(Bytes, AreAStringWhereTheyAreText) {
    for (const char* text : {"", "plain", "quote\" back\\ tab\t new\nline", "é ƒ 漢 😀"}) {
        EXPECT_EQ(encode_bytes(text).as_string(), text);
        EXPECT_EQ(decode_bytes(encode_bytes(text)), text);
    }
}

TEST(Bytes, AreBase64WhereTheyAreNot) {
    // Lone continuation, overlong '/', a surrogate, beyond U+10FFFF, cut short, NUL.
    for (const std::string& bytes :
         {std::string("\xff\xfe"), std::string("\x80"), std::string("\xc0\xaf"),
          std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"), std::string("a\xc3"),
          std::string("a\0b", 3)}) {
        EXPECT_FALSE(encode_bytes(bytes).as_string().has_value());
        EXPECT_EQ(decode_bytes(encode_bytes(bytes)), bytes);
    }
}

TEST(Bytes, RefuseOtherValues) {
    for (const char* text : {"1", "null", "[]", "{}", R"({"base64":1})", R"({"base64":"?"})"})
        EXPECT_FALSE(decode_bytes(*json::Value::parse(text)).has_value()) << text;
    for (const char* text : {"\"a\"", "{}", "[1]", "[\"a\",null]"})
        EXPECT_FALSE(decode_strings(*json::Value::parse(text)).has_value()) << text;
}

RC_GTEST_PROP(Bytes, SurviveJson, (const std::vector<std::string>& strings)) {
    const auto text = encode_strings(strings).format();
    const auto parsed = json::Value::parse(text);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(decode_strings(*parsed) == strings);
}

RC_GTEST_PROP(Base64, GoesBothWays, (const std::string& bytes)) {
    RC_ASSERT(decode_base64(encode_base64(bytes)) == bytes);
}

}  // namespace
}  // namespace muster::rehearsal
