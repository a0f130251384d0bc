// SPDX-License-Identifier: Apache-2.0
#include "percent.hpp"

#include <fmt/core.h>

namespace muster::kube {

std::string encode_percent(std::string_view text) {
    constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char byte : text)
        encoded += unreserved.find(byte) != std::string_view::npos
                       ? std::string(1, byte)
                       : fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    return encoded;
}

std::string format_query(const std::vector<std::pair<std::string, std::string>>& query) {
    std::string text;
    for (const auto& [name, value] : query)
        text += fmt::format("{}{}={}", text.empty() ? "?" : "&", name, encode_percent(value));
    return text;
}

}  // namespace muster::kube
