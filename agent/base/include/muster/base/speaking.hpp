// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "muster/base/clock.hpp"

namespace muster {

/// When whoever waits is told what for: after 1, 5, 15, 60 s, and then every minute.
inline Duration speaking_moment(std::size_t index) {
    constexpr std::array<Duration, 3> early{std::chrono::seconds(1), std::chrono::seconds(5),
                                            std::chrono::seconds(15)};
    if (index < early.size()) return early.at(index);
    return std::chrono::minutes(1) * static_cast<int>(index - early.size() + 1);
}

}  // namespace muster
