// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/json.hpp"

namespace muster::timeline {

/// Ranks beyond this are taken for nonsense.
inline constexpr std::uint32_t most_ranks = 100'000;

/// A pod's report.json (tests/data/schema/report.schema.json), as far as it is drawn. What it
/// lacks, or what is out of all reason, is left at its default.
struct Report {
    struct Phase {
        std::string name;
        WallTime begun;  ///< by the clock at the last phase, so that a step of it leaves no gap
        Duration took{};
    };
    struct Attempt {
        std::string gate;
        bool passed = false;
        std::string asked;
        std::string answered;
        Duration begun{};  ///< since the first gate
        Duration took{};
    };
    std::optional<std::uint32_t> rank;
    std::optional<std::uint32_t> size;
    std::string instance;
    std::string host;
    std::optional<std::uint32_t> parent;
    std::string parent_address;
    int questions = 0;
    int dials = 0;
    int handshakes = 0;
    int lives = 1;
    std::optional<WallTime> first_life;
    std::vector<Phase> phases;
    std::vector<Attempt> attempts;
    std::optional<int> error_code;
    std::string error;
    json::Value raw;  ///< the object itself
};

/// Errors: malformed, when it is no report of a version that we know.
Result<Report> parse_report(const json::Value& object);

/// A broker's step, as its log tells it.
struct Step {
    std::optional<WallTime> at;  ///< when the line has a time
    Duration lasted{};           ///< in `from`
    std::string from;
    std::string to;
};

struct LogStep {
    std::uint32_t rank = 0;
    Step step;
};

/// The step that a line tells of: "broker.info[3]: parent-ready: join->init 1.2s", with an RFC 3339
/// time and other words before it or not (flux dmesg, kubectl logs --timestamps --prefix).
std::optional<LogStep> parse_log_step(std::string_view line);

/// All that was gathered about one rank.
struct Record {
    struct State {
        std::string name;  ///< as Flux calls it
        WallTime entered;
    };
    std::optional<Report> report;
    std::vector<Step> steps;  ///< in order
    /// Of this life, when a source knows them without steps (`muster up`).
    std::vector<State> states;
    std::optional<WallTime> started;  ///< its first process
    std::optional<WallTime> ended;
    std::optional<int> code;
    bool one_clock = false;  ///< its times are by a clock that saw all pods
};

/// The states of the broker's last life: `states`, or else what `steps` say. Steps without a time
/// are counted from the report's exec on.
std::vector<Record::State> last_life(const Record& record);

using Records = std::map<std::uint32_t, Record>;

/// Adds what `text` tells: report.json (any number of them, a line each), a timeline written as
/// JSON (`json` below), or a log. With `labelled`, lines begin with "RANK: " as flux exec -l puts
/// it. Nothing in it is an error: returns how many reports, steps and rows of timelines were found.
std::size_t add_text(Records& records, std::string_view text, bool labelled = false);

}  // namespace muster::timeline
