// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/bootstrap/plan.hpp"
#include "muster/discovery/gates.hpp"

namespace muster::bootstrap {

/// What `muster run` does, in this order. The gates are a follower's only.
enum class Phase { start, identify, plan, write, name, address, listener, curve, exec };
std::string_view format(Phase phase);

/// One instant by both clocks: the wall clock compares pods, the monotonic one measures.
struct Moment {
    WallTime wall;
    TimePoint monotonic;
};
Moment moment(const Clock& clock);

struct PhaseTime {
    Phase phase;
    Moment begun;
    Duration took{};
};

/// How often this pod has run `muster run`, since its muster-init began.
struct Lives {
    int count = 1;
    WallTime first;          ///< when the first one began
    std::string supervisor;  ///< pid and start of the muster-init; empty without one
};

/// The lives of a pod whose last report is `previous` (empty or damaged: there was none). A report
/// from another muster-init tells of another pod.
Lives count_lives(std::string_view previous, const std::string& supervisor, WallTime now);

/// What a pod did before it became a broker, for `muster timeline` and `muster status`. Holds no
/// secret. Filled by `muster run` as it goes; written as <dir>/report.json, one line of JSON
/// (schema: tests/data/schema/report.schema.json), so that `flux exec` passes it on in one piece.
struct Report {
    std::string version;  ///< of muster
    Lives lives;
    std::vector<PhaseTime> phases;
    // From the plan on:
    std::optional<discovery::Identity> identity;
    std::optional<Parent> parent;
    std::string flux;  ///< program
    bool rehearsal = false;
    resources::Shape shape;  ///< what this pod may use
    std::vector<std::string>
        addresses;    ///< its own, at most eight, without loopback and link-local ones
    std::string key;  ///< fingerprint
    std::optional<discovery::Passage> gates;  ///< on a follower
    std::optional<Error> error;

    /// Ends the phase that is under way and begins `phase`.
    void enter(Phase phase, const Moment& now);
    /// Ends the phase that is under way.
    void leave(const Moment& now);
    /// Divides the phase that is under way, the first gate, into those gates that stood in the way
    /// one after another.
    void pass_gates(discovery::Passage passage);
    void describe(const Plan& plan, const LocalFacts& facts);
};

/// A report of this process: its start is that of the process (proc(5): with a resolution of 10
/// ms), and the phase identify begins now.
Report begin_report(std::string_view version, const Clock& clock);

/// The supervisor of Lives; for a process whose parent is muster-init.
std::string supervisor_of_this_process();

std::string format_report(const Report& report);

/// Puts the report at `path`, in a directory that must be there. Errors: io.
Result<void> write_report(const std::string& path, const Report& report);

}  // namespace muster::bootstrap
