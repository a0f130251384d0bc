// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muster/base/idset.hpp"
#include "muster/base/result.hpp"

namespace muster::resources {

enum class With { cores, cores_and_gpus };

/// Where a topology comes from: `xml` or `synthetic` when not empty, else this machine.
struct Source {
    const std::string& xml;
    const std::string& synthetic;
    bool is_this_machine() const { return xml.empty() && synthetic.empty(); }
};

struct Counts {
    std::uint32_t cores = 0;
    std::uint32_t gpus = 0;
};

/// Counts cores with a PU in `affinity` (this machine without one: in the process' mask) and, when
/// asked, GPUs. topology.cpp is the one place that sees hwloc.h.
Result<Counts> count_with_hwloc(const Source& source, const std::optional<Idset>& affinity,
                                With with);

}  // namespace muster::resources
