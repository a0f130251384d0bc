// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"

namespace muster::local {

/// When what happened, in seconds since `muster up` began; written as JSON:
///     {"version": 1, "size": 2, "flux": "rehearsal", "formed": 0.51, "ended": 0.9, "code": 0,
///      "ranks": [{"rank": 0, "started": 0.01, "states": {"join": 0.05, ...}, "ended": 0.88,
///                 "code": 0}, ...]}
/// A broker that was restarted shows its last life's states.
class Timeline {
  public:
    Timeline(TimePoint start, std::uint32_t size) : start_(start), ranks_(size) {}

    void started(std::uint32_t rank, TimePoint now);
    void entered(std::uint32_t rank, std::string_view state, TimePoint now);
    void ended(std::uint32_t rank, int code, TimePoint now);
    void formed(TimePoint now);

    std::string format(std::string_view flux, int code, TimePoint now) const;
    /// Errors: io.
    Result<void> write(const std::string& path, std::string_view flux, int code,
                       TimePoint now) const;

  private:
    struct Rank {
        std::optional<double> started;
        std::vector<std::pair<std::string, double>> states;
        std::optional<double> ended;
        int code = 0;
    };
    double seconds(TimePoint at) const;

    TimePoint start_;
    std::optional<double> formed_;
    std::vector<Rank> ranks_;
};

}  // namespace muster::local
