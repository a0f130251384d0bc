// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/base/clock.hpp"

namespace muster::kube {

/// A clock that is moved by hand.
class HandClock final : public Clock {
  public:
    TimePoint now() const override { return now_; }
    WallTime wall() const override { return wall_ + (now_ - TimePoint{}); }
    void advance(Duration by) { now_ += by; }
    void set_wall(WallTime at_start) { wall_ = at_start; }

  private:
    TimePoint now_{std::chrono::hours(1)};
    WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace muster::kube
