// SPDX-License-Identifier: Apache-2.0
#include "backoff.hpp"

#include <algorithm>
#include <utility>

namespace muster::kube {

Duration Jitter::between(Duration least, Duration most) {
    return Duration(std::uniform_int_distribution(least.count(), most.count())(engine_));
}

Duration Backoff::next(Jitter& jitter) {
    const Duration pause = std::exchange(next_, std::min(next_ * 2, longest_));
    return jitter.between(pause, pause * 2);
}

}  // namespace muster::kube
