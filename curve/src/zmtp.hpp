// SPDX-License-Identifier: Apache-2.0
// The frames around a security mechanism: ZMTP 3.1, ZeroMQ RFC 37.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::curve::zmtp {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::size_t greeting_size = 64;
/// Of these, signature and version: enough for the peer to send all of its own greeting.
constexpr std::size_t opening_size = 12;
/// No command of a handshake is longer; a peer that announces more is not believed.
constexpr std::size_t longest_command = 4096;

/// "signature version mechanism as-server filler" of a client.
Bytes make_greeting(std::string_view mechanism);

/// What the bytes so far say about the peer.
struct Greeting {
    enum class What { incomplete, zmtp3, older_zmtp, no_zmtp };
    What what;
    std::string mechanism;  ///< of zmtp3
};
Greeting read_greeting(View bytes);

/// A whole command at the start of `bytes`.
struct Command {
    std::string_view name;
    View body;
    std::size_t size;  ///< of the frame, to be taken from the input
};
struct Frame {
    enum class What { incomplete, command, malformed };
    What what;
    Command command;
};
Frame read_frame(View bytes);

/// The frame of command `name` with `body`.
Bytes make_command(std::string_view name, View body);

/// Property names and values, as in READY and INITIATE.
using Metadata = std::vector<std::pair<std::string, std::string>>;
Bytes format_metadata(const Metadata& metadata);
std::optional<Metadata> parse_metadata(View bytes);

/// The first line of what a peer sent, at most 48 bytes of it, all but printable ASCII as \xNN.
std::string printable(View bytes);

inline View view(std::string_view text) {
    const void* bytes = text.data();
    return {static_cast<const std::uint8_t*>(bytes), text.size()};
}
inline std::string_view text(View bytes) {
    const void* characters = bytes.data();
    return {static_cast<const char*>(characters), bytes.size()};
}
inline void append(Bytes& to, View bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace muster::curve::zmtp
