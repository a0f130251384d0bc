// SPDX-License-Identifier: Apache-2.0
#include "ascii.hpp"

#include <algorithm>
#include <charconv>

namespace muster::broker_config {
namespace {

constexpr unsigned char byte_of(char c) {
    return static_cast<unsigned char>(c);
}

constexpr bool is_beyond_ascii(char c) {
    return byte_of(c) >= 0x80;
}

/// The length of the UTF-8 sequence (RFC 3629) that `text`, not empty, begins with; 0 for none.
std::size_t sequence_length(std::string_view text) {
    struct Form {
        unsigned char first, last;      // the range of the first byte
        unsigned char second, highest;  // the range of the second
        std::size_t length;
    };
    static constexpr Form forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (const Form& form : forms) {
        if (byte_of(text[0]) < form.first || byte_of(text[0]) > form.last) continue;
        if (text.size() < form.length) return 0;
        for (std::size_t i = 1; i < form.length; ++i) {
            const unsigned char low = i == 1 ? form.second : 0x80;
            const unsigned char high = i == 1 ? form.highest : 0xbf;
            if (byte_of(text[i]) < low || byte_of(text[i]) > high) return 0;
        }
        return form.length;
    }
    return 0;
}

Result<void> check_utf8(std::string_view text) {
    unsigned line = 1;
    while (!text.empty()) {
        if (text.front() == '\n') ++line;
        const std::size_t length = sequence_length(text);
        if (length == 0) return fail(Kind::malformed, "{}: syntax error: not UTF-8", line);
        text.remove_prefix(length);
    }
    return {};
}

/// A character that no \u escape in `text` stands for: such an escape would look like the marker
/// once parsed. '\0' when there is none.
char choose_marker(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (const char marker : {'@', '~', '^', '`', '!'}) {
        const std::string digits = fmt::format("{:04x}", byte_of(marker));
        if (lower.find("\\u" + digits) == std::string::npos &&
            lower.find("\\u0000" + digits) == std::string::npos)
            return marker;
    }
    return '\0';
}

}  // namespace

Result<AsciiText> AsciiText::encode(std::string_view text) {
    AsciiText ascii;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark
    if (std::none_of(text.begin(), text.end(), is_beyond_ascii)) {
        ascii.text_ = text;
        return ascii;
    }
    TRY(check_utf8(text));
    ascii.marker_ = choose_marker(text);
    if (ascii.marker_ == '\0')
        return fail(Kind::malformed, "1: write @, ~, ^, ` or ! as itself, not as a \\u escape");
    for (const char c : text) {
        if (is_beyond_ascii(c) || c == ascii.marker_)
            ascii.text_ += fmt::format("{}{:02x}", ascii.marker_, byte_of(c));
        else
            ascii.text_ += c;
    }
    return ascii;
}

std::string AsciiText::decode(std::string_view encoded) const {
    std::string text;
    while (!encoded.empty()) {
        const auto marker = marker_ == '\0' ? encoded.npos : encoded.find(marker_);
        text += encoded.substr(0, marker);
        if (marker == encoded.npos) break;
        unsigned char byte = 0;
        const char* digits = encoded.data() + marker + 1;
        std::from_chars(digits, encoded.data() + std::min(marker + 3, encoded.size()), byte, 16);
        text += static_cast<char>(byte);
        encoded.remove_prefix(std::min(marker + 3, encoded.size()));
    }
    return text;
}

bool AsciiText::is_about_marker(std::string_view reason) const {
    return marker_ != '\0' && reason.find(fmt::format("'{}'", marker_)) != reason.npos;
}

}  // namespace muster::broker_config
