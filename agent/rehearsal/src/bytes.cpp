// SPDX-License-Identifier: Apache-2.0
#include "bytes.hpp"

#include <array>
#include <cstdint>

namespace muster::rehearsal {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}
constexpr auto values = make_values();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u;
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t group =
            byte_at(bytes, i) << 16u | byte_at(bytes, i + 1) << 8u | byte_at(bytes, i + 2);
        text += alphabet[group >> 18u];
        text += alphabet[group >> 12u & 63u];
        text += i + 1 < bytes.size() ? alphabet[group >> 6u & 63u] : '=';
        text += i + 2 < bytes.size() ? alphabet[group & 63u] : '=';
    }
    return text;
}

Result<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0)
        return fail(Kind::malformed, "base64 of {} characters is cut short", text.size());
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const std::size_t pads = i + 4 == text.size() ? padding : 0;
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const int value = j >= 4 - pads ? 0 : values[static_cast<unsigned char>(text[i + j])];
            if (value < 0) return fail(Kind::malformed, "base64 has a foreign character");
            group = group << 6u | static_cast<std::uint32_t>(value);
        }
        for (std::size_t j = 0; j < 3 - pads; ++j)
            bytes += static_cast<char>(group >> (16u - 8u * j) & 255u);
    }
    return bytes;
}

json::Value encode_bytes(std::string_view bytes) {
    if (bytes.find('\0') == std::string_view::npos) {
        auto text = json::Value::string(bytes);
        if (text.as_string() == bytes) return text;  // it was UTF-8: nothing had to be repaired
    }
    return json::Value::object().set("base64", json::Value::string(encode_base64(bytes)));
}

Result<std::string> decode_bytes(const json::Value& value) {
    if (auto text = value.as_string()) return std::move(*text);
    TRY_ASSIGN(const auto text, value.string_at("base64"));
    return decode_base64(text);
}

json::Value encode_strings(const std::vector<std::string>& strings) {
    auto array = json::Value::array();
    for (const auto& string : strings) array.append(encode_bytes(string));
    return array;
}

Result<std::vector<std::string>> decode_strings(const json::Value& value) {
    if (!value.is_array()) return fail(Kind::malformed, "a list of strings is no array");
    std::vector<std::string> strings;
    for (const auto& item : value.items()) {
        TRY_ASSIGN(auto string, decode_bytes(item));
        strings.push_back(std::move(string));
    }
    return strings;
}

}  // namespace muster::rehearsal
