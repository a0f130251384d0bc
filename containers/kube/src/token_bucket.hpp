// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/base/clock.hpp"

namespace muster::kube {

/// A rate limit that lets a burst through: `burst` tokens at first, `rate` new ones a second, never
/// more than `burst`. Passive: it is told the time.
class TokenBucket {
  public:
    TokenBucket(double rate, double burst, TimePoint now)
        : rate_(rate), burst_(burst), tokens_(burst), filled_at_(now) {}

    /// Takes a token; false where there is none.
    bool take(TimePoint now);
    /// How long until there is one.
    Duration wait(TimePoint now);

  private:
    void fill(TimePoint now);

    double rate_, burst_, tokens_;
    TimePoint filled_at_;
};

}  // namespace muster::kube
