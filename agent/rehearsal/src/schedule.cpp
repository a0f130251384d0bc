// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace muster::rehearsal {
namespace {

std::uint32_t cores_per_node(const JobShape& shape) {
    return shape.tasks_per_node() * shape.cores_per_task;
}

/// `tasks` dealt out in blocks: every node gets tasks / nodes, the first ones one more.
void deal_out(std::vector<Share>& shares, std::uint32_t tasks) {
    const auto nodes = static_cast<std::uint32_t>(shares.size());
    std::uint32_t first = 0;
    for (std::uint32_t i = 0; i < nodes; ++i) {
        shares[i].first = first;
        shares[i].count = tasks / nodes + (i < tasks % nodes ? 1 : 0);
        first += shares[i].count;
    }
}

std::optional<std::vector<Share>> allocate_nodes(const std::vector<Node>& nodes,
                                                 const JobShape& shape) {
    std::vector<Share> shares;
    for (const auto& node : nodes) {
        if (shares.size() == shape.nodes) break;
        const bool whole = shape.exclusive ? node.free() == node.cores && node.free() > 0 : true;
        if (!whole || node.free() < cores_per_node(shape)) continue;
        shares.push_back(
            {.rank = node.rank, .cores = shape.exclusive ? node.cores : cores_per_node(shape)});
    }
    if (shares.size() < shape.nodes) return std::nullopt;
    deal_out(shares, shape.tasks);
    return shares;
}

std::optional<std::vector<Share>> allocate_slots(const std::vector<Node>& nodes,
                                                 const JobShape& shape) {
    std::vector<Share> shares;
    std::uint32_t placed = 0;
    for (const auto& node : nodes) {
        const auto slots = std::min(node.free() / shape.cores_per_task, shape.tasks - placed);
        if (slots == 0) continue;
        shares.push_back({node.rank, placed, slots, slots * shape.cores_per_task});
        placed += slots;
    }
    if (placed < shape.tasks) return std::nullopt;
    return shares;
}

}  // namespace

std::uint32_t JobShape::tasks_per_node() const {
    return nodes == 0 ? 0 : tasks / nodes + (tasks % nodes == 0 ? 0 : 1);
}

std::string unsatisfiable(const std::vector<Node>& nodes, const JobShape& shape) {
    if (shape.nodes > 0) {
        std::size_t fit = 0;
        for (const auto& node : nodes)
            if (node.eligible && node.cores >= cores_per_node(shape)) ++fit;
        if (fit >= shape.nodes) return "";
        if (shape.exclusive)
            return fmt::format("unsatisfiable request: need {} exclusive node(s), only {} eligible",
                               shape.nodes, fit);
        return fmt::format(
            "unsatisfiable request: need {} node(s) with {} cores each, only {} eligible",
            shape.nodes, cores_per_node(shape), fit);
    }
    std::uint64_t slots = 0;
    std::uint64_t cores = 0;
    for (const auto& node : nodes) {
        if (!node.eligible) continue;
        slots += node.cores / shape.cores_per_task;
        cores += node.cores;
    }
    if (slots >= shape.tasks) return "";
    return fmt::format(
        "unsatisfiable request: need {} slot(s) of {} core(s), only {} such slot(s) available "
        "(total cores: {})",
        shape.tasks, shape.cores_per_task, slots, cores);
}

std::optional<std::vector<Share>> allocate(const std::vector<Node>& nodes, const JobShape& shape) {
    return shape.nodes > 0 ? allocate_nodes(nodes, shape) : allocate_slots(nodes, shape);
}

}  // namespace muster::rehearsal
