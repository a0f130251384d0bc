// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "muster/base/clock.hpp"

namespace muster::discovery {

/// How long to rest between two tries after `waited`: `least` for 10 s, and then more as the fourth
/// power of what was waited, up to 1.25 s (or `least`, where that is more). What a minute of waiting
/// costs is bounded: most of it is the waking, about 0.2 ms of processor time for each question. So
/// it is spent where pods wait for each other to start.
inline Duration rest_after(Duration waited, Duration least) {
    using Seconds = std::chrono::duration<double>;
    constexpr std::chrono::seconds unhurried(10);
    constexpr Duration longest = std::chrono::milliseconds(1250);
    const double part = std::min(Seconds(waited) / Seconds(unhurried), 10.0);
    const auto grown =
        std::chrono::duration_cast<Duration>(part * part * part * part * Seconds(least));
    return std::clamp(grown, least, std::max(least, longest));
}

}  // namespace muster::discovery
