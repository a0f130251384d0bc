// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "muster/base/clock.hpp"

namespace muster::kube {

/// Random numbers for pauses that must not fall together; the same seed gives the same ones.
class Jitter {
  public:
    /// 0: a random seed.
    explicit Jitter(unsigned seed) : engine_(seed != 0 ? seed : std::random_device()()) {}
    /// Evenly from `least` to `most`.
    Duration between(Duration least, Duration most);

  private:
    std::minstd_rand engine_;
};

/// Pauses that double from `first` to `longest`, each stretched by up to as much again, so that
/// those who failed together do not come back together.
class Backoff {
  public:
    Backoff(Duration first, Duration longest) : first_(first), longest_(longest), next_(first) {}
    Duration next(Jitter& jitter);
    void reset() { next_ = first_; }

  private:
    Duration first_, longest_, next_;
};

}  // namespace muster::kube
