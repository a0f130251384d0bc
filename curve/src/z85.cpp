// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/z85.hpp"

#include <array>

#include "muster/base/assert.hpp"

namespace muster::curve {
namespace {

constexpr std::string_view alphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
static_assert(alphabet.size() == 85);

constexpr std::uint8_t no_digit = 255;

constexpr auto digits = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return table;
}();

}  // namespace

void z85_encode_to(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> out) {
    MUSTER_ASSERT(bytes.size() % 4 == 0 && out.size() == bytes.size() / 4 * 5);
    for (std::size_t group = 0; group < bytes.size() / 4; ++group) {
        std::uint32_t value = 0;
        for (const std::uint8_t byte : bytes.subspan(group * 4, 4)) value = value << 8 | byte;
        for (std::size_t place = 5; place-- > 0; value /= 85)
            out[group * 5 + place] = static_cast<std::uint8_t>(alphabet[value % 85]);
    }
}

bool z85_decode_to(std::string_view text, std::span<std::uint8_t> out) {
    if (text.empty() || text.size() % 5 != 0) return false;
    MUSTER_ASSERT(out.size() == text.size() / 5 * 4);
    for (std::size_t group = 0; group < text.size() / 5; ++group) {
        std::uint64_t value = 0;
        for (const char character : text.substr(group * 5, 5)) {
            const std::uint8_t digit = digits[static_cast<unsigned char>(character)];
            if (digit == no_digit) return false;
            value = value * 85 + digit;
        }
        if (value > UINT32_MAX) return false;  // 85^5 > 2^32: "%nSc1" and above
        for (std::size_t place = 4; place-- > 0; value >>= 8)
            out[group * 4 + place] = static_cast<std::uint8_t>(value & 0xff);
    }
    return true;
}

std::string z85_encode(std::span<const std::uint8_t> bytes) {
    std::vector<std::uint8_t> text(bytes.size() / 4 * 5);
    z85_encode_to(bytes, text);
    return {text.begin(), text.end()};
}

Result<std::vector<std::uint8_t>> z85_decode(std::string_view text) {
    if (text.empty() || text.size() % 5 != 0)
        return fail(Kind::malformed, "Z85: {} characters are no multiple of 5 above 0",
                    text.size());
    std::vector<std::uint8_t> bytes(text.size() / 5 * 4);
    if (!z85_decode_to(text, bytes))
        return fail(Kind::malformed, "Z85: {} characters that stand for no bytes", text.size());
    return bytes;
}

}  // namespace muster::curve
