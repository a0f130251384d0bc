// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/z85.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zmq.h>

#include <rapidcheck/gtest.h>
#include <cstring>

namespace muster::curve {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// What libzmq makes of `bytes`.
std::string zmq_encode(const Bytes& bytes) {
    std::string text(bytes.size() / 4 * 5 + 1, '\0');
    EXPECT_NE(zmq_z85_encode(text.data(), bytes.data(), bytes.size()), nullptr);
    text.pop_back();
    return text;
}

std::optional<Bytes> zmq_decode(const std::string& text) {
    Bytes bytes(text.size() + 4);
    if (zmq_z85_decode(bytes.data(), text.c_str()) == nullptr) return std::nullopt;
    bytes.resize(text.size() / 5 * 4);
    return bytes;
}

struct Row {
    std::string text;
    Bytes bytes;
};

const Row accepted[] = {
    {"HelloWorld", {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B}},  // RFC 32's example
    {"00000", {0, 0, 0, 0}},
    {"00001", {0, 0, 0, 1}},
    {"0000#", {0, 0, 0, 84}},
    {"%nSc0", {255, 255, 255, 255}},  // the largest group
};

TEST(Z85, TableBothWays) {
    for (const auto& [text, bytes] : accepted) {
        EXPECT_EQ(z85_encode(bytes), text);
        const auto decoded = z85_decode(text);
        ASSERT_TRUE(decoded.has_value()) << text;
        EXPECT_EQ(*decoded, bytes) << text;
    }
}

const std::string rejected[] = {
    "",
    "0",
    "0000",
    "000000",
    "HelloWorl",  // lengths
    "Hell~",
    "Hell_",
    "Hell,",
    "Hell\"",
    "Hell ",  // outside the alphabet
    "Hell\x7f",
    "Hell\x80",
    "Hell\xff",
    "\n0000",
    "%nSc1",
    "####"
    "#",
    "%nSd0",
    "HelloWorld%nSc1",  // above 2^32 - 1
};

TEST(Z85, RejectsWhatLibzmqRejects) {
    for (const std::string& text : rejected) {
        const auto decoded = z85_decode(text);
        ASSERT_FALSE(decoded.has_value()) << text;
        EXPECT_EQ(decoded.error().kind, Kind::malformed);
        EXPECT_EQ(zmq_decode(text), std::nullopt) << text;
    }
}

TEST(Z85, ErrorDoesNotQuoteTheText) {
    EXPECT_THAT(z85_decode("Hell~").error().message, testing::Not(testing::HasSubstr("Hell")));
}

RC_GTEST_PROP(Z85, EncodesAsLibzmq, ()) {
    const auto groups = *rc::gen::inRange<std::size_t>(1, 20);
    const auto bytes = *rc::gen::container<Bytes>(groups * 4, rc::gen::arbitrary<std::uint8_t>());
    const std::string text = z85_encode(bytes);
    RC_ASSERT(text == zmq_encode(bytes));
    const auto decoded = z85_decode(text);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == bytes);
}

RC_GTEST_PROP(Z85, DecodesAsLibzmq, ()) {
    // Mostly characters of the alphabet, so that full groups and their overflow are met.
    const auto character =
        rc::gen::weightedOneOf<char>({{60, rc::gen::elementOf(std::string("0#$%@nScAz.-:<>{}"))},
                                      {1, rc::gen::inRange<char>(1, 127)}});
    const auto size = *rc::gen::inRange<std::size_t>(0, 45);
    const auto text = *rc::gen::container<std::string>(size, character);
    const auto ours = z85_decode(text);
    const auto theirs = zmq_decode(text);
    RC_ASSERT(ours.has_value() == theirs.has_value());
    if (ours) RC_ASSERT(*ours == *theirs);
}

}  // namespace
}  // namespace muster::curve
