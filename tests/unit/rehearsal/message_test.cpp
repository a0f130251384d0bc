// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "client_address.hpp"

namespace muster::rehearsal {
namespace {

Message sample() {
    Message message{.topic = "task.output", .from = 3, .to = 4'000'000'000};
    message.body.set("text", json::Value::string("a\nb"));
    message.data = std::string("raw\n\0\xff", 6);
    return message;
}

TEST(Message, GoesBothWays) {
    const auto again = decode(encode(sample()));
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(again->topic, "task.output");
    EXPECT_EQ(again->from, 3u);
    EXPECT_EQ(again->to, 4'000'000'000u);
    EXPECT_EQ(again->body, sample().body);
    EXPECT_EQ(again->data, sample().data);
}

TEST(Message, RefusesWhatIsNone) {
    for (const char* frame : {
             "",
             "{}",
             "\n",
             "{}\n",
             "[]\n",
             "not json\n",
             R"({"topic":"a","from":0,"to":0})"
             "\n",
             R"({"topic":1,"from":0,"to":0,"body":{}})"
             "\n",
             R"({"topic":"a","from":-1,"to":0,"body":{}})"
             "\n",
             R"({"topic":"a","from":4294967296,"to":0,"body":{}})"
             "\n",
             R"({"topic":"a","from":0,"to":"0","body":{}})"
             "\n",
             R"({"topic":"a","from":0,"to":0,"body":[]})"
             "\n",
             R"({"topic":"a","from":0,"to":0,"body":{}})",
             R"({"topic":"a","topic":"a","from":0,"to":0,"body":{}})"
             "\n",
         }) {
        const auto decoded = decode(frame);
        EXPECT_FALSE(decoded.has_value()) << frame;
        if (decoded) continue;
        EXPECT_EQ(decoded.error().kind, Kind::malformed);
    }
}

RC_GTEST_PROP(Message, KeepsAnyData, (const std::string& data, Rank from, Rank to)) {
    Message message{.topic = "x", .from = from, .to = to, .data = data};
    const auto again = decode(encode(message));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->data == data && again->from == from && again->to == to);
}

RC_GTEST_PROP(FrameBuffer, CutsAStreamHoweverItArrives, (const std::vector<std::string>& frames)) {
    std::string stream;
    for (const auto& frame : frames) stream += delimit(frame);
    FrameBuffer buffer;
    std::vector<std::string> got;
    while (!stream.empty()) {
        const auto size = *rc::gen::inRange<std::size_t>(1, stream.size() + 1);
        buffer.append(std::string_view(stream).substr(0, size));
        stream.erase(0, size);
        std::string frame;
        while (*buffer.next(frame)) got.push_back(frame);
    }
    RC_ASSERT(got == frames);
}

TEST(FrameBuffer, RefusesAFrameThatIsTooLong) {
    FrameBuffer buffer;
    buffer.append(std::string("\xff\xff\xff\xff", 4));
    std::string frame;
    const auto next = buffer.next(frame);
    ASSERT_FALSE(next.has_value());
    EXPECT_EQ(next.error().kind, Kind::malformed);
}

TEST(ClientAddress, GoesBothWays) {
    const ClientAddress address{7, 1LL << 40, 3};
    const auto body = json::Value::object().set("client", encode_address(address));
    EXPECT_EQ(decode_address(body), address);
}

TEST(ClientAddress, RefusesWhatIsNone) {
    for (const char* text : {"{}", R"({"client":1})", R"({"client":{"rank":0,"connection":1}})",
                             R"({"client":{"rank":-1,"connection":1,"request":1}})"})
        EXPECT_FALSE(decode_address(*json::Value::parse(text)).has_value()) << text;
}

}  // namespace
}  // namespace muster::rehearsal
