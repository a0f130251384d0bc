// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "muster/base/clock.hpp"

namespace muster::discovery {

/// How long to rest between two tries after `waited`: `least` at first, and then more as the square
/// of what was waited, up to a second (or `least`, where that is more). Whoever waits for 9 s is
/// not behind by a hundredth of that; and what a minute of waiting costs is bounded: most of it is
/// the waking, about 0.2 ms of processor time for each question.
inline Duration rest_after(Duration waited, Duration least) {
    using Seconds = std::chrono::duration<double>;
    constexpr std::chrono::seconds unhurried(9);
    constexpr Duration longest = std::chrono::seconds(1);
    const double part = std::min(Seconds(waited) / Seconds(unhurried), 10.0);
    const auto grown = std::chrono::duration_cast<Duration>(part * part * Seconds(least));
    return std::clamp(grown, least, std::max(least, longest));
}

}  // namespace muster::discovery
