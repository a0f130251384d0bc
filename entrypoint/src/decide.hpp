// SPDX-License-Identifier: Apache-2.0
// What follows from the end of a life: pure, so that it can be tested as a table.
#pragma once

#include <optional>

#include "args.hpp"
#include "role.hpp"
#include "status_file.hpp"
#include "text.hpp"

namespace muster::init {

/// A broker's life shorter than this counts as none.
constexpr Millis short_life{10'000};
/// So many short lives in a row end a follower.
constexpr int most_short_lives = 10;
/// Bounds of the pause before a follower's next life.
constexpr Millis shortest_pause{100};
constexpr Millis longest_pause{5'000};

/// One life of CMD, seen from its end.
struct Life {
    Role role = Role::none;
    int code = 0;                 ///< what the process ended with: exit code, or 128 + signal
    std::optional<End> recorded;  ///< leader: how its program ended, when that was recorded
    int stop = 0;                 ///< the signal that asked us to stop; 0: none did
    bool forwarded = false;       ///< and the broker was sent SIGTERM because of it
    Millis lasted{0};             ///< from the role line to the end
    int short_lives = 0;          ///< in a row, before this one
    OnEnd on_end = OnEnd::exit;
};

/// What to do now.
struct Verdict {
    bool again = false;     ///< start CMD again, after a pause
    int code = 0;           ///< ours if we end; to be explained if not
    bool explain = false;   ///< the broker or its program failed without having been asked to stop
    int short_lives = 0;    ///< in a row, with this one
    bool recorded = false;  ///< `code` is the program's own, by its record
};

/// The process contract's exit code rules (design section 7).
Verdict decide(const Life& life);

/// The pause before the next life: doubles with every short life, between shortest_pause and
/// longest_pause, and takes anything from the upper half by `random`, so that the followers of one
/// leader do not come back in step.
Millis pause_before_next(int short_lives, unsigned random);

}  // namespace muster::init
