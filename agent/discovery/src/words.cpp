// SPDX-License-Identifier: Apache-2.0
#include "words.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>

namespace muster::discovery {

std::string format_seconds(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    if (seconds < 10) return fmt::format("{:.1f} s", seconds);
    if (seconds < 120) return fmt::format("{:.0f} s", seconds);
    return fmt::format("{:.0f} min", seconds / 60);
}

bool is_numeric(const std::string& name) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

}  // namespace muster::discovery
