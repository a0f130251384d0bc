// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include <limits>

namespace muster::rehearsal {
namespace {

Result<Rank> rank_at(const json::Value& header, const std::string& key) {
    TRY_ASSIGN(const auto number, header.integer_at(key));
    if (number < 0 || number > std::numeric_limits<Rank>::max())
        return fail(Kind::malformed, "'{}' is no rank: {}", key, number);
    return static_cast<Rank>(number);
}

}  // namespace

std::string encode(const Message& message) {
    auto header = json::Value::object();
    header.set("topic", json::Value::string(message.topic));
    header.set("from", json::Value::integer(message.from));
    header.set("to", json::Value::integer(message.to));
    header.set("body", message.body);
    auto frame = header.format();
    frame += '\n';
    frame += message.data;
    return frame;
}

Result<Message> decode(std::string_view frame) {
    const auto newline = frame.find('\n');
    if (newline == std::string_view::npos)
        return fail(Kind::malformed, "message of {} bytes without a header line", frame.size());
    TRY_ASSIGN(const auto header,
               within("message header", json::Value::parse(frame.substr(0, newline))));
    Message message;
    TRY_ASSIGN(message.topic, within("message header", header.string_at("topic")));
    TRY_ASSIGN(message.from, within("message header", rank_at(header, "from")));
    TRY_ASSIGN(message.to, within("message header", rank_at(header, "to")));
    message.body = header.get("body");
    if (!message.body.is_object())
        return fail(Kind::malformed, "message {}: 'body' is no object", message.topic);
    message.data = frame.substr(newline + 1);
    return message;
}

std::string delimit(std::string_view frame) {
    const auto size = static_cast<std::uint32_t>(frame.size());
    std::string text;
    text.reserve(frame.size() + 4);
    for (unsigned shift = 32; shift != 0; shift -= 8)
        text += static_cast<char>(size >> (shift - 8) & 255u);
    text += frame;
    return text;
}

Result<bool> FrameBuffer::next(std::string& frame) {
    if (bytes_.size() - start_ < 4) return false;
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
        size = size << 8u | static_cast<unsigned char>(bytes_[start_ + i]);
    if (size > limit) return fail(Kind::malformed, "frame of {} bytes is over {}", size, limit);
    if (bytes_.size() - start_ - 4 < size) {
        bytes_.erase(0, start_);
        start_ = 0;
        return false;
    }
    frame.assign(bytes_, start_ + 4, size);
    start_ += 4 + size;
    if (start_ == bytes_.size()) {
        bytes_.clear();
        start_ = 0;
    }
    return true;
}

}  // namespace muster::rehearsal
