// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include <algorithm>
#include <vector>

#include "bytes.hpp"
#include "client_address.hpp"
#include "job.hpp"
#include "target.hpp"
#include "tasks.hpp"

using namespace muster;
using namespace muster::rehearsal;

namespace {

/// What decodes, encodes to something that decodes to the same; and every reader of bodies copes.
void check_message(std::string_view frame) {
    const auto message = decode(frame);
    if (!message) return;
    const auto again = decode(encode(*message));
    MUSTER_ASSERT(again.has_value());
    MUSTER_ASSERT(again->topic == message->topic && again->from == message->from);
    MUSTER_ASSERT(again->to == message->to && again->data == message->data);
    MUSTER_ASSERT(again->body == message->body);
    static_cast<void>(decode_address(message->body));
    if (const auto request = decode_request(message->body))
        MUSTER_ASSERT(decode_request(encode_request(*request))->plan.argv == request->plan.argv);
    if (const auto order = decode_order(*message))
        MUSTER_ASSERT(decode_order(encode_order(*order, 0))->plan.argv == order->plan.argv);
}

}  // namespace

/// The input as a frame; as a stream of frames, cut at two places; as bytes for JSON; as base64.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    check_message(text);

    std::vector<std::string> whole;
    std::vector<std::string> parts;
    for (const bool cut : {false, true}) {
        FrameBuffer buffer;
        auto& frames = cut ? parts : whole;
        std::string frame;
        for (const auto piece : {text.substr(0, size / 2), text.substr(size / 2)}) {
            buffer.append(cut ? piece.substr(0, piece.size() / 2) : piece);
            auto next = buffer.next(frame);
            for (; next && *next; next = buffer.next(frame)) frames.push_back(frame);
            if (!next) return 0;  // a length over the limit ends the connection
            if (cut) buffer.append(piece.substr(piece.size() / 2));
        }
        for (auto next = buffer.next(frame); next && *next; next = buffer.next(frame))
            frames.push_back(frame);
    }
    MUSTER_ASSERT(whole == parts);
    for (const auto& one : whole) check_message(one);

    MUSTER_ASSERT(decode_bytes(encode_bytes(text)) == text);
    if (const auto bytes = decode_base64(text))
        MUSTER_ASSERT(decode_base64(encode_base64(*bytes)) == *bytes);
    return 0;
}
