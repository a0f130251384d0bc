// SPDX-License-Identifier: Apache-2.0
#include "clocks.hpp"

#include <algorithm>

#include "muster/base/idset.hpp"
#include "muster/timeline/findings.hpp"

namespace muster::timeline {
namespace {

using std::chrono::milliseconds;

constexpr Duration tolerance = milliseconds(50);        // of clocks that NTP keeps
constexpr Duration news_of_quorum = milliseconds(500);  // from the leader to everyone
constexpr Duration waited = milliseconds(100);          // in quorum, and not just passing

/// The instants that the rules are about, by the pod's own clock.
struct Instants {
    std::optional<WallTime> execed, joined, quorum, running;
    std::optional<std::uint32_t> parent;
    bool one_clock = false;
};

Instants instants_of(const Record& record) {
    Instants instants;
    instants.one_clock = record.one_clock;
    if (record.report) {
        instants.parent = record.report->parent;
        if (!record.report->error_code && !record.report->phases.empty() &&
            record.report->phases.back().name == "exec")
            instants.execed = record.report->phases.back().begun;
    }
    const auto states = last_life(record);
    for (std::size_t i = 0; i < states.size(); ++i) {
        const auto& [name, entered] = states[i];
        if (i > 0 && states[i - 1].name == "join") instants.joined = entered;
        if (name == "quorum") instants.quorum = entered;
        if (name == "run") instants.running = entered;
    }
    return instants;
}

/// How far the child's clock may be from the parent's at most and at least; nothing known: no
/// bound.
struct Range {
    std::optional<Duration> most, least;
    void at_most(Duration bound) { most = std::min(most.value_or(bound), bound); }
};

Range range_of(const Instants& child, const Instants& parent, const Instants& leader,
               Duration parent_shift) {
    Range range;
    const auto gap = [parent_shift](WallTime childs, WallTime parents) {
        return childs - (parents + parent_shift);
    };
    if (child.execed && parent.execed) range.at_most(gap(*child.execed, *parent.execed));
    if (child.joined && parent.quorum) range.at_most(gap(*child.joined, *parent.quorum));
    if (child.running && leader.running) {
        range.at_most(*child.running - *leader.running);
        if (child.quorum && *child.running - *child.quorum >= waited)
            range.least = *child.running - *leader.running - news_of_quorum;
    }
    return range;
}

Duration mend(const Range& range) {
    if (range.most && *range.most < -tolerance) return -*range.most;
    if (range.least && *range.least > tolerance) return -*range.least;
    return {};
}

}  // namespace

Shifts mend_clocks(const Records& records, std::vector<std::string>& notes) {
    std::map<std::uint32_t, Instants> all;
    for (const auto& [rank, record] : records) all.emplace(rank, instants_of(record));
    const auto leader = all.find(0);
    if (leader == all.end()) return {};
    Shifts shifts;
    Idset shifted;
    Duration most{};
    for (const auto& [rank, child] : all) {  // parents have lower ranks than their children
        if (rank == 0 || (child.one_clock && leader->second.one_clock)) continue;
        const auto parent = all.find(child.parent.value_or(0));
        const bool known = parent != all.end() && parent->first < rank;
        const auto above = known ? shifts.find(parent->first) : shifts.end();
        const auto shift = mend(range_of(child, known ? parent->second : Instants{}, leader->second,
                                         above == shifts.end() ? Duration{} : above->second));
        if (shift == Duration::zero()) continue;
        shifts[rank] = shift;
        shifted.insert(rank);
        most = std::max(most, shift < Duration::zero() ? -shift : shift);
    }
    if (shifts.empty()) return {};
    const auto by = format_seconds(std::chrono::duration<double>(most).count());
    const bool one = shifts.size() == 1;
    const auto direction = shifts.begin()->second > Duration::zero() ? "behind" : "ahead of";
    notes.push_back(
        one ? fmt::format("the clock of rank {} is at least {} {} that of rank 0: its row is "
                          "shifted by as much",
                          shifted.format(), by, direction)
            : fmt::format("the clocks of ranks {} disagree with that of rank 0, by {} and less: "
                          "their rows are shifted by as much",
                          shifted.format(), by));
    return shifts;
}

}  // namespace muster::timeline
