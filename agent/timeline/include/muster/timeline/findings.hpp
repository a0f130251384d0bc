// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/timeline/instance.hpp"

namespace muster::timeline {

/// Something that cost time, or failed: which ranks, at what, and why, in words.
struct Finding {
    double cost = 0;                   ///< seconds, of the rank that lost most
    std::vector<std::uint32_t> ranks;  ///< the one that lost most first
    std::optional<Stage> stage;        ///< where to look in the picture
    bool failure = false;              ///< not only slow
    std::string text;                  ///< one sentence, without a full stop
    std::vector<std::string> briefs;   ///< of each rank, for beside its bar: "4.2 s: no such name"
};

/// "4 brokers formed in 0.51 s", or how far they came.
std::string headline(const Timeline& timeline);

/// Failures first, then what cost most. Waiting is put down to whoever was waited for: a follower
/// whose parent began late has done nothing slowly. Empty when no pod stands out.
std::vector<Finding> find_causes(const Timeline& timeline);

/// "4.2 s", "310 ms", "12 min 5 s".
std::string format_seconds(double seconds);

}  // namespace muster::timeline
