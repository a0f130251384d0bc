// SPDX-License-Identifier: Apache-2.0
#include "base64.hpp"

#include <cstdint>

namespace muster::kube {

std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string decoded;
    std::uint32_t bits = 0;
    unsigned digits = 0, padding = 0;
    for (const char letter : text) {
        if (letter == '\n' || letter == '\r') continue;
        const auto digit = alphabet.find(letter);
        if (letter == '=' ? digits % 4 < 2 : digit == std::string_view::npos || padding != 0)
            return std::nullopt;
        if (letter == '=') ++padding;
        bits = bits << 6 | (letter == '=' ? 0u : static_cast<std::uint32_t>(digit));
        if (++digits % 4 != 0) continue;
        for (unsigned i = 0; i < 3 - padding; ++i)
            decoded += static_cast<char>(bits >> (16 - 8 * i) & 0xff);
    }
    if (digits % 4 != 0) return std::nullopt;
    return decoded;
}

}  // namespace muster::kube
