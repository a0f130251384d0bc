// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "muster/base/clock.hpp"

namespace muster::discovery {

/// How long to rest at most between two tries after `waited`: a 16th of it, so that nobody's start
/// is a 16th later for it, but no less than `least` and no more than 2.5 s (or `least`, where that
/// is more). It bounds what a minute of waiting costs, most of which is the waking: 0.2 to 0.3 ms
/// of processor time for each question.
constexpr Duration rest_after(Duration waited, Duration least) {
    constexpr Duration longest = std::chrono::milliseconds(2500);
    return std::clamp(waited / 16, least, std::max(least, longest));
}

}  // namespace muster::discovery
