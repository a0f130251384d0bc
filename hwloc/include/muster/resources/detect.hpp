// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/idset.hpp"
#include "muster/base/result.hpp"
#include "muster/resources/shape.hpp"

namespace muster::resources {

enum class GpuSearch {
    never,
    when_likely,  ///< only when a GPU's device file exists: looking at PCI devices takes long
    always,
};

/// Where to look. The default looks at this machine as this process may use it.
struct Options {
    std::string root = "/";      ///< of /proc, cgroups and /dev; empty: no quota applies
    std::string xml = {};        ///< hwloc XML file instead of this machine
    std::string synthetic = {};  ///< hwloc synthetic description instead, "pack:2 core:4 pu:2"
    std::optional<Idset> affinity = {};  ///< CPU numbers (PU os_index) instead of the process' mask
    std::optional<std::uint32_t> cores = {};  ///< taken as it is (a setting)
    std::optional<std::uint32_t> gpus = {};   ///< taken as it is (a setting)
    GpuSearch search = GpuSearch::when_likely;
};

struct Detected {
    Shape shape;
    std::uint32_t usable_cores = 0;  ///< before the quota; 0 when `cores` was set
    std::vector<std::string> notes;  ///< what the user should know, a sentence each; often none
};

/// What this pod may use. Cores, not hardware threads: hwloc cores with at least one PU inside the
/// affinity mask, cut by the cgroup's CPU quota (whole cores, rounded down, at least 1). A topology
/// from `xml` or `synthetic` is no part of this machine, so only `affinity` narrows it. GPUs: OS
/// devices of the backends that Flux counts (CUDA, NVML, OpenCL, RSMI), each device once.
/// With `cores` and `gpus` set nothing is looked at.
/// Errors: malformed (a topology that hwloc refuses, or one without usable cores), io (an `xml`
/// that cannot be read), usage (cores of 0 or too many), internal (hwloc cannot see this machine).
Result<Detected> detect(const Options& options = {});

}  // namespace muster::resources
