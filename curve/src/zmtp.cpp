// SPDX-License-Identifier: Apache-2.0
#include "zmtp.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace muster::curve::zmtp {
namespace {

constexpr std::uint8_t command_flag = 0x04;
constexpr std::uint8_t long_flag = 0x02;

std::uint64_t read_big_endian(View bytes) {
    std::uint64_t value = 0;
    for (const auto byte : bytes) value = value << 8u | byte;
    return value;
}

}  // namespace

Bytes make_greeting(std::string_view mechanism) {
    Bytes greeting(greeting_size);
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[11] = 1;
    std::copy(mechanism.begin(), mechanism.end(), greeting.begin() + 12);
    return greeting;
}

Greeting read_greeting(View bytes) {
    using What = Greeting::What;
    // A peer of ZMTP 1 or 2 sends fewer bytes and then waits, so each is judged as it comes.
    if (!bytes.empty() && bytes[0] != 0xff) return {What::no_zmtp, {}};
    if (bytes.size() > 9 && (bytes[9] & 1u) == 0) return {What::no_zmtp, {}};
    if (bytes.size() > 10 && bytes[10] < 3) return {What::older_zmtp, {}};
    if (bytes.size() < greeting_size) return {What::incomplete, {}};
    // as-server (byte 32) is not looked at: libzmq's servers leave it 0.
    const auto mechanism = text(bytes.subspan(12, 20));
    return {What::zmtp3, std::string(mechanism.substr(0, mechanism.find('\0')))};
}

Frame read_frame(View bytes) {
    const Frame incomplete{Frame::What::incomplete, {}};
    const Frame malformed{Frame::What::malformed, {}};
    if (bytes.empty()) return incomplete;
    if ((bytes[0] & ~long_flag) != command_flag) return malformed;
    const std::size_t header = (bytes[0] & long_flag) != 0 ? 9 : 2;
    if (bytes.size() < header) return incomplete;
    const auto size = read_big_endian(bytes.subspan(1, header - 1));
    if (size > longest_command) return malformed;
    if (bytes.size() - header < size) return incomplete;
    const View content = bytes.subspan(header, size);
    if (content.empty() || content.size() - 1 < content[0]) return malformed;
    const std::size_t name_size = content[0];
    return {Frame::What::command,
            {text(content.subspan(1, name_size)), content.subspan(1 + name_size), header + size}};
}

Bytes make_command(std::string_view name, View body) {
    const std::size_t size = 1 + name.size() + body.size();
    Bytes frame{command_flag};
    if (size > 255) {
        frame[0] |= long_flag;
        frame.insert(frame.end(), 6, 0);
        frame.push_back(static_cast<std::uint8_t>(size >> 8u));
    }
    frame.push_back(static_cast<std::uint8_t>(size));
    frame.push_back(static_cast<std::uint8_t>(name.size()));
    append(frame, view(name));
    append(frame, body);
    return frame;
}

Bytes format_metadata(const Metadata& metadata) {
    Bytes bytes;
    for (const auto& [name, value] : metadata) {
        bytes.push_back(static_cast<std::uint8_t>(name.size()));
        append(bytes, view(name));
        for (const unsigned shift : {24u, 16u, 8u, 0u})
            bytes.push_back(static_cast<std::uint8_t>(value.size() >> shift));
        append(bytes, view(value));
    }
    return bytes;
}

std::optional<Metadata> parse_metadata(View bytes) {
    Metadata metadata;
    while (!bytes.empty()) {
        const std::size_t name_size = bytes[0];
        if (name_size == 0 || bytes.size() < 1 + name_size + 4) return std::nullopt;
        const auto name = text(bytes.subspan(1, name_size));
        const auto value_size = read_big_endian(bytes.subspan(1 + name_size, 4));
        bytes = bytes.subspan(1 + name_size + 4);
        if (bytes.size() < value_size) return std::nullopt;
        metadata.emplace_back(name, text(bytes.first(value_size)));
        bytes = bytes.subspan(value_size);
    }
    return metadata;
}

std::string printable(View bytes) {
    constexpr std::size_t longest = 48;
    std::string shown;
    for (const auto byte : bytes.first(std::min(bytes.size(), longest))) {
        if (byte == '\r' || byte == '\n') return shown;
        if (byte >= ' ' && byte <= '~')
            shown += static_cast<char>(byte);
        else
            fmt::format_to(std::back_inserter(shown), "\\x{:02x}", byte);
    }
    return shown + (bytes.size() > longest ? "..." : "");
}

}  // namespace muster::curve::zmtp
