// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "message.hpp"

namespace muster::rehearsal {

/// What a job asks for, as `flux submit -N -n -c` says it.
struct JobShape {
    std::uint32_t nodes = 0;  ///< 0: wherever the tasks fit
    std::uint32_t tasks = 1;
    std::uint32_t cores_per_task = 1;
    bool exclusive = false;  ///< whole nodes

    std::uint32_t tasks_per_node() const;  ///< the most on one node; 0 without `nodes`
};

/// A node as the scheduler sees it: what R gives it, what is in use, whether its broker is there.
struct Node {
    Rank rank = 0;
    std::uint32_t cores = 0;
    std::uint32_t used = 0;
    bool up = false;
    bool eligible = true;  ///< not excluded
    bool drained = false;  ///< gets no more jobs, until it is undrained

    bool available() const { return up && eligible && !drained; }
    std::uint32_t free() const { return available() ? cores - used : 0; }
};

/// The tasks of a job on one node: `count` from number `first`.
struct Share {
    Rank rank = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t cores = 0;  ///< taken from the node

    bool operator==(const Share&) const = default;
};

/// Why `shape` can never run on `nodes`, however many of them are up; in sched-simple's words,
/// empty when it can.
std::string unsatisfiable(const std::vector<Node>& nodes, const JobShape& shape);

/// Where the tasks of `shape` go now, lowest ranks first, in blocks by node, the first nodes
/// getting the odd ones: as sched-simple and flux-shell do. Nothing when it has to wait.
std::optional<std::vector<Share>> allocate(const std::vector<Node>& nodes, const JobShape& shape);

}  // namespace muster::rehearsal
