// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/timeline/record.hpp"

namespace muster::timeline {

/// What a pod is at, in the order in which it comes.
enum class Stage {
    earlier,  ///< lives of this pod before the one that is drawn
    start,    ///< the process is loaded
    prepare,  ///< identify, plan, write
    name,     ///< the four gates
    address,
    listener,
    curve,
    boot,    ///< the broker begins
    join,    ///< until its parent takes it
    init,    ///< rc1
    quorum,  ///< waits for the others
    run,
    end,  ///< cleanup, shutdown
};
inline constexpr std::size_t stage_count = 13;

/// For a legend: a word or two, and the letter that stands for it in a terminal.
std::string_view label(Stage stage);
char letter(Stage stage);
constexpr bool is_gate(Stage stage) {
    return stage >= Stage::name && stage <= Stage::curve;
}

/// Times are seconds since the first that is known of any pod, by rank 0's clock.
struct Span {
    Stage stage;
    double begin = 0;
    double end = 0;
    double length() const { return end - begin; }
};

struct Attempt {
    Stage gate;
    bool passed = false;
    double at = 0;
    double took = 0;
    std::string asked;
    std::string answered;
};

struct Pod {
    std::uint32_t rank = 0;
    std::string host;
    std::optional<std::uint32_t> parent;  ///< none on the leader
    std::string parent_address;
    std::vector<Span> spans;  ///< ascending, without overlap
    std::vector<Attempt> attempts;
    int questions = 0;
    int dials = 0;
    int handshakes = 0;
    int lives = 1;
    std::optional<double> begun;   ///< this life
    std::optional<double> execed;  ///< its broker
    std::optional<double> online;  ///< its rc1 has succeeded
    std::optional<double> running;
    std::optional<double> ended;
    std::optional<int> code;  ///< with which its first process ended
    std::optional<int> error_code;
    std::string error;   ///< why there was no broker
    bool heard = false;  ///< its broker's states are known
    double shift = 0;    ///< seconds that were added to its own clock's times

    double begin() const { return spans.empty() ? 0 : spans.front().begin; }
    double end() const { return spans.empty() ? 0 : spans.back().end; }
    /// How long it was at `stage`, all in all.
    double spent(Stage stage) const;
    /// The failed attempt at `gate` whose answer came most often, of equals the first; or null.
    const Attempt* usual_failure(Stage gate) const;
};

struct Timeline {
    std::string instance;
    std::uint32_t size = 0;  ///< brokers at start, as far as is known
    WallTime zero;
    std::vector<Pod> pods;         ///< of which anything is known, ascending ranks
    std::optional<double> formed;  ///< the leader ran the program
    double end = 0;
    std::vector<std::string> notes;  ///< about the data itself; for people, a sentence each

    const Pod* find(std::uint32_t rank) const;
};

/// Puts together what is known of each rank. What cannot have happened in the order that the pods'
/// clocks tell (a child was taken before its parent was there) is mended by shifting the child's
/// row as little as possible, and said in `notes`. `now` is the end of what has not ended; absent,
/// the last time that is known.
Timeline assemble(const Records& records, std::optional<WallTime> now = {});

}  // namespace muster::timeline
