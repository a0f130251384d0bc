// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/json.hpp"

namespace muster::rehearsal {

using Rank = std::uint32_t;

/// What travels between brokers, and between a broker and its clients. `topic` says what it is,
/// `from` and `to` are ranks (of the broker that a client is connected to, for clients), `body` is
/// a JSON object, `data` raw bytes (a task's output).
struct Message {
    std::string topic;
    Rank from = 0;
    Rank to = 0;
    json::Value body = json::Value::object();
    std::string data = {};
};

/// One frame: a JSON object on one line, a newline, then `data`.
std::string encode(const Message& message);
/// Errors: malformed.
Result<Message> decode(std::string_view frame);

/// A byte stream's view of frames: each is preceded by its length, four bytes, most significant
/// first.
std::string delimit(std::string_view frame);

/// Cuts a byte stream into frames again. Passive: whoever reads the stream feeds it.
class FrameBuffer {
  public:
    static constexpr std::size_t limit = 64u << 20;  ///< bytes in one frame

    void append(std::string_view bytes) { bytes_.append(bytes); }
    /// The next whole frame, or nothing yet: `found` tells which.
    /// Errors: malformed, when a frame says that it is longer than `limit`.
    Result<bool> next(std::string& frame);

  private:
    std::string bytes_;
    std::size_t start_ = 0;
};

}  // namespace muster::rehearsal
