// SPDX-License-Identifier: Apache-2.0
// What takes longer than a start takes: nothing in the API's objects says why, an Event or a log
// does, and so people are told where to look.
#pragma once

#include <optional>
#include <string>

#include "state.hpp"

namespace muster::controller {

struct Lateness {
    std::string text;                    ///< "" while nothing is late
    std::optional<WallTime> look_again;  ///< when the next will be
};

/// Which of the `size` pods is late at `now`.
Lateness find_late(const State& state, std::int64_t size, WallTime now);

}  // namespace muster::controller
