// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace muster {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// The seam through which code that waits sees time; tests pass a clock that they move by hand.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual TimePoint now() const = 0;  ///< monotonic; for durations
    virtual WallTime wall() const = 0;  ///< UTC; for people, and for slots shared between pods
};

/// CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
  public:
    TimePoint now() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override { return std::chrono::system_clock::now(); }
};

/// The instant at which a wait ends. Waiting functions take one; none takes a bare sleep.
class Deadline {
  public:
    static Deadline at(TimePoint when) { return Deadline(when); }
    static Deadline after(const Clock& clock, Duration wait) {
        return Deadline(clock.now() + wait);
    }
    static Deadline never() { return Deadline(TimePoint::max()); }

    TimePoint when() const { return when_; }
    bool passed(TimePoint now) const { return now >= when_; }
    /// What is left at `now`, never negative.
    Duration left(TimePoint now) const {
        return when_ == TimePoint::max() ? Duration::max()
                                         : std::max(Duration::zero(), when_ - now);
    }
    Deadline sooner(Deadline other) const { return Deadline(std::min(when_, other.when_)); }

  private:
    explicit Deadline(TimePoint when) : when_(when) {}
    TimePoint when_;
};

}  // namespace muster
