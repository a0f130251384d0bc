// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/clock.hpp"

namespace muster::local {

/// What `muster up` has seen of a pod.
struct PodTimes {
    std::string directory;
    std::optional<TimePoint> started;
    std::vector<std::pair<std::string, TimePoint>> states;  ///< entered; of the last life only
    std::optional<TimePoint> ended;
    int code = 0;  ///< once it has ended
};

/// When what happened to each pod of an instance. Passive: it is told.
class Timeline {
  public:
    explicit Timeline(std::uint32_t size) : pods_(size) {}

    void started(std::uint32_t rank, std::string directory, TimePoint now);
    void entered(std::uint32_t rank, std::string_view state, TimePoint now);
    void ended(std::uint32_t rank, int code, TimePoint now);

    const std::vector<PodTimes>& pods() const { return pods_; }

  private:
    std::vector<PodTimes> pods_;
};

}  // namespace muster::local
