// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muster/base/idset.hpp"

namespace muster::resources {

/// Counts the cores with a thread in `cpus`, as the kernel tells it under `root`/sys, and stops at
/// `enough`: one short read per core. Empty where the kernel does not tell (no /sys, as in some
/// sandboxes): ask hwloc then.
///
/// The same count that hwloc makes, without its other reads: loading the smallest topology that
/// hwloc offers opens 33 files a CPU, 30 ms on a machine of 256. (hwloc also parts the two halves
/// of an AMD family 15h module, which share a sibling list; these count as one here, never as more
/// than hwloc sees, so Flux's verification holds.)
std::optional<std::uint32_t> count_cores_in_sysfs(const std::string& root, const Idset& cpus,
                                                  std::uint32_t enough);

/// The CPUs that this process may run on; empty when the kernel does not say.
std::optional<Idset> process_affinity();

}  // namespace muster::resources
