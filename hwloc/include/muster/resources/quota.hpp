// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::resources {

/// The CPU bandwidth that the kernel grants: `quota_us` of CPU time in each `period_us`
/// (cpu.max, or cpu.cfs_quota_us and cpu.cfs_period_us).
struct CpuQuota {
    std::uint64_t quota_us = 0;
    std::uint64_t period_us = 1;
    std::string cgroup;  ///< directory whose limit this is

    std::uint64_t whole_cores() const { return quota_us / period_us; }
    double cores() const { return static_cast<double>(quota_us) / static_cast<double>(period_us); }
};

struct QuotaFinding {
    std::optional<CpuQuota> quota;   ///< the tightest one; empty: unlimited
    std::vector<std::string> notes;  ///< limits that could not be read, a sentence each
};

/// The tightest CPU quota on this process: of its own cgroup and of every ancestor that can be
/// seen, in version 1 and version 2 hierarchies, found by proc_pid_cgroup(5) and mountinfo under
/// `root` ("/", or a fixture's directory). A machine without cgroups has none. Never fails: what
/// cannot be read limits nothing, and is noted.
QuotaFinding find_cpu_quota(const std::string& root);

}  // namespace muster::resources
