// SPDX-License-Identifier: Apache-2.0
// Pods that never were, by the seconds at which they did things.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "muster/timeline/record.hpp"

namespace muster::timeline {

inline Duration secs(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}
inline WallTime at(double seconds) {
    return WallTime(std::chrono::seconds(1'700'000'000)) + secs(seconds);
}

struct Invented {
    double start = 0;
    std::vector<std::pair<std::string, double>> gates = {};   ///< name and length
    std::vector<std::pair<std::string, double>> states = {};  ///< name and when it was entered
    std::vector<Report::Attempt> attempts = {};
    std::uint32_t parent = 0;
    double prepare = 0.01;
};

/// A pod that loads and prepares for `prepare` each, passes its gates and executes its broker.
inline Record invent(std::uint32_t rank, const Invented& pod) {
    Record record;
    auto& report = record.report.emplace();
    report.rank = rank;
    report.host = "pod-" + std::to_string(rank);
    if (rank > 0) report.parent = pod.parent;
    double now = pod.start;
    const auto phase = [&](const std::string& name, double length) {
        report.phases.push_back({name, at(now), secs(length)});
        now += length;
    };
    phase("start", pod.prepare);
    phase("write", pod.prepare);
    for (const auto& [name, length] : pod.gates) phase(name, length);
    phase("exec", 0);
    report.attempts = pod.attempts;
    for (const auto& [name, entered] : pod.states) record.states.push_back({name, at(entered)});
    return record;
}

/// The states of a broker that begins to join at `join`, is taken at `taken`, and so on.
inline std::vector<std::pair<std::string, double>> states(double join, double taken, double online,
                                                          double run) {
    return {{"join", join}, {"init", taken}, {"quorum", online}, {"run", run}};
}

/// Four pods that form in 1.2 s; rank 3's life is changed by the caller.
inline Records four() {
    Records records;
    records[0] = invent(0, {.start = 0.1, .states = states(0.15, 0.15, 0.6, 1.2)});
    for (const std::uint32_t rank : {1u, 2u, 3u})
        records[rank] = invent(rank, {.start = 0.0,
                                      .gates = {{"name", 0.12}, {"curve", 0.01}},
                                      .states = states(0.2, 0.6, 1.1, 1.2)});
    return records;
}

}  // namespace muster::timeline
