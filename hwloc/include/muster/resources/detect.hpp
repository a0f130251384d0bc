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

enum class QuotaUse { cut, ignore };

/// Where to look. The default looks at this machine as this process may use it.
struct Options {
    std::string root = "/";      ///< of /proc, /sys and /dev
    std::string xml = {};        ///< hwloc XML file instead of this machine
    std::string synthetic = {};  ///< hwloc synthetic description instead, "pack:2 core:4 pu:2"
    std::optional<Idset> affinity = {};  ///< CPU numbers (PU os_index) instead of the process' mask
    std::optional<std::uint32_t> cores = {};  ///< taken as it is (a setting)
    std::optional<std::uint32_t> gpus = {};   ///< taken as it is (a setting)
    GpuSearch search = GpuSearch::when_likely;
    QuotaUse quota = QuotaUse::cut;
};

struct Detected {
    Shape shape;
    std::vector<std::string> notes;  ///< what the user should know, a sentence each; often none
};

/// What this pod may use. Cores, not hardware threads: cores with at least one thread inside the
/// affinity mask, cut by the cgroup's CPU quota (whole cores, rounded down, at least 1). They are
/// the cores that hwloc sees inside that mask; on this machine the kernel is asked directly where
/// that gives the same count sooner. A topology from `xml` or `synthetic` is another machine's:
/// only `affinity` and the quota narrow it. hwloc's own variables (HWLOC_XMLFILE, HWLOC_SYNTHETIC,
/// HWLOC_FSROOT) count, as they do in Flux. GPUs: OS devices of the backends that Flux counts
/// (CUDA, NVML, OpenCL, RSMI), each device once. With `cores` and `gpus` set nothing is looked at.
/// Errors: malformed (a topology that hwloc refuses, or one without usable cores), io (an `xml`
/// that cannot be read), usage (cores of 0 or too many), internal (hwloc cannot see this machine).
Result<Detected> detect(const Options& options = {});

}  // namespace muster::resources
