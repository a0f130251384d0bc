// SPDX-License-Identifier: Apache-2.0
#include "token_bucket.hpp"

#include <algorithm>

namespace muster::kube {

using Seconds = std::chrono::duration<double>;

void TokenBucket::fill(TimePoint now) {
    tokens_ = std::min(burst_, tokens_ + rate_ * Seconds(now - filled_at_).count());
    filled_at_ = now;
}

bool TokenBucket::take(TimePoint now) {
    fill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
}

Duration TokenBucket::wait(TimePoint now) {
    fill(now);
    if (tokens_ >= 1) return Duration::zero();
    // A nanosecond more than the quotient: the token is there when the wait is over.
    return std::chrono::duration_cast<Duration>(Seconds((1 - tokens_) / rate_)) + Duration(1);
}

}  // namespace muster::kube
