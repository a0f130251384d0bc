// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/detect.hpp"

#include <glob.h>

#include <algorithm>
#include <cstdlib>

#include "muster/resources/quota.hpp"
#include "sysfs.hpp"
#include "topology.hpp"

namespace muster::resources {
namespace {

/// A device file of a compute GPU, without `root`, or "": NVIDIA's or AMD's (kfd).
std::string gpu_device(std::string root) {
    while (root.ends_with('/')) root.pop_back();
    for (const char* pattern : {"/dev/nvidia[0-9]*", "/dev/kfd"}) {
        glob_t matches{};
        std::string first;
        if (::glob((root + pattern).c_str(), GLOB_NOSORT, nullptr, &matches) == 0)
            first = std::string(matches.gl_pathv[0]).substr(root.size());
        ::globfree(&matches);
        if (!first.empty()) return first;
    }
    return "";
}

/// The most cores that the CPU quota allows, at least 1.
std::uint32_t quota_limit(const Options& options, std::vector<std::string>& notes) {
    if (options.quota == QuotaUse::ignore) return max_cores;
    auto finding = find_cpu_quota(options.root);
    for (auto& note : finding.notes) notes.push_back(std::move(note));
    if (!finding.quota) return max_cores;
    const auto whole = finding.quota->whole_cores();
    if (whole > 0) return static_cast<std::uint32_t>(std::min<std::uint64_t>(whole, max_cores));
    notes.push_back(
        fmt::format("the CPU quota of {} is {:.3g} cores; R says 1 core, the least that Flux can "
                    "schedule",
                    finding.quota->cgroup, finding.quota->cores()));
    return 1;
}

/// Whether hwloc's own variables make it look at another machine.
bool is_redirected() {
    for (const char* name : {"HWLOC_XMLFILE", "HWLOC_SYNTHETIC", "HWLOC_FSROOT"})
        if (std::getenv(name) != nullptr) return true;
    return false;
}

/// Cores by the kernel's word alone, at most `enough`; empty: hwloc must be asked.
std::optional<std::uint32_t> count_quickly(const Options& options, const Source& source,
                                           std::uint32_t enough) {
    if (!source.is_this_machine() || is_redirected()) return std::nullopt;
    const auto cpus = options.affinity ? options.affinity : process_affinity();
    if (!cpus) return std::nullopt;
    return count_cores_in_sysfs(options.root, *cpus, enough);
}

Result<void> check_settings(const Options& options) {
    if (options.cores && (*options.cores == 0 || *options.cores > max_cores))
        return fail(Kind::usage, "cores must be from 1 to {}, not {}", max_cores, *options.cores);
    if (options.gpus && *options.gpus > max_gpus)
        return fail(Kind::usage, "gpus must be at most {}, not {}", max_gpus, *options.gpus);
    if (!options.xml.empty() && !options.synthetic.empty())
        return fail(Kind::usage, "a topology comes from XML or from a description, not from both");
    return {};
}

bool want_gpus(const Options& options, const Source& source, const std::string& device) {
    if (options.gpus || options.search == GpuSearch::never) return false;
    return options.search == GpuSearch::always || !source.is_this_machine() || is_redirected() ||
           !device.empty();
}

}  // namespace

Result<Detected> detect(const Options& options) {
    TRY(check_settings(options));
    Detected detected;
    detected.shape = {.cores = options.cores.value_or(0), .gpus = options.gpus.value_or(0)};
    const Source source{.xml = options.xml, .synthetic = options.synthetic};
    const std::string device =
        source.is_this_machine() && !options.gpus && options.search != GpuSearch::never
            ? gpu_device(options.root)
            : "";
    const bool gpus = want_gpus(options, source, device);
    if (options.cores && !gpus) return detected;

    const std::uint32_t limit = options.cores ? max_cores : quota_limit(options, detected.notes);
    if (!gpus) {
        if (const auto cores = count_quickly(options, source, limit); cores && *cores > 0) {
            detected.shape.cores = *cores;
            return detected;
        }
    }
    TRY_ASSIGN(const Counts counts, count_with_hwloc(source, options.affinity,
                                                     gpus ? With::cores_and_gpus : With::cores));
    if (!options.cores) {
        if (counts.cores == 0)
            return fail(Kind::malformed, "no core is usable: the affinity mask has none of them");
        detected.shape.cores = std::min(counts.cores, limit);
    }
    if (gpus) {
        detected.shape.gpus = counts.gpus;
        if (counts.gpus == 0 && !device.empty())
            detected.notes.push_back(fmt::format(
                "{} is here, but hwloc sees no GPU; say how many there are with --gpus", device));
    }
    return detected;
}

}  // namespace muster::resources
