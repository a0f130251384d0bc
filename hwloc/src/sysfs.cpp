// SPDX-License-Identifier: Apache-2.0
#include "sysfs.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include "muster/base/fd.hpp"

namespace muster::resources {
namespace {

/// The first line of a small file of the kernel's.
std::optional<std::string> read_line(const std::string& path) {
    auto text = read_file(path, 65'536);
    if (!text) return std::nullopt;
    text->resize(std::min(text->find('\n'), text->size()));
    return std::move(*text);
}

/// The threads of `cpu`'s core, itself included. core_cpus_list is Linux 5.3's name for it.
std::optional<Idset> siblings(const std::string& cpu_directory, std::uint32_t cpu) {
    const auto directory = fmt::format("{}/cpu{}/topology/", cpu_directory, cpu);
    auto text = read_line(directory + "core_cpus_list");
    if (!text) text = read_line(directory + "thread_siblings_list");
    if (!text) return std::nullopt;
    const auto set = Idset::parse(*text);
    if (!set || !set->contains(cpu)) return std::nullopt;
    return *set;
}

}  // namespace

std::optional<std::uint32_t> count_cores_in_sysfs(const std::string& root, const Idset& cpus,
                                                  std::uint32_t enough) {
    const std::string directory = root + "/sys/devices/system/cpu";
    std::uint32_t count = 0;
    Idset seen;
    for (const auto cpu : cpus.ids()) {
        if (seen.contains(cpu)) continue;
        if (count == enough) break;
        const auto threads = siblings(directory, cpu);
        if (!threads) return std::nullopt;
        seen.insert(*threads);
        ++count;
    }
    return count;
}

std::optional<Idset> process_affinity() {
    // The kernel wants room for every CPU it could have; glibc's cpu_set_t ends at 1,024.
    for (std::size_t cpus = 1024; cpus <= 1024 * 1024; cpus *= 8) {
        const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
            CPU_ALLOC(cpus), [](cpu_set_t* s) { CPU_FREE(s); });
        const std::size_t size = CPU_ALLOC_SIZE(cpus);
        CPU_ZERO_S(size, set.get());
        if (::sched_getaffinity(0, size, set.get()) != 0) {
            if (errno == EINVAL) continue;
            return std::nullopt;
        }
        Idset result;
        for (std::size_t cpu = 0; cpu < cpus; ++cpu)
            if (CPU_ISSET_S(cpu, size, set.get())) result.insert(static_cast<std::uint32_t>(cpu));
        return result;
    }
    return std::nullopt;
}

}  // namespace muster::resources
