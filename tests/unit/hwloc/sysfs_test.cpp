// SPDX-License-Identifier: Apache-2.0
// The quick count against hwloc's own, on made machines that both read from one directory.
#include "sysfs.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <rapidcheck/gtest.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "muster/resources/detect.hpp"
#include "topology.hpp"

namespace muster::resources {
namespace {

namespace fs = std::filesystem;

/// How firmware numbers the threads of a core: 0,1 or 0,n.
enum class Numbering { adjacent, apart };

struct Machine {
    std::uint32_t cores;
    std::uint32_t threads;
    Numbering numbering;

    std::uint32_t cpus() const { return cores * threads; }
    std::uint32_t core_of(std::uint32_t cpu) const {
        return numbering == Numbering::adjacent ? cpu / threads : cpu % cores;
    }
    Idset siblings(std::uint32_t cpu) const {
        Idset result;
        for (std::uint32_t other = 0; other < cpus(); ++other)
            if (core_of(other) == core_of(cpu)) result.insert(other);
        return result;
    }
};

/// A /sys of up to 64 CPUs in a directory of its own, as much of it as hwloc wants.
class Sysfs {
  public:
    explicit Sysfs(const Machine& machine) {
        std::string name = (fs::temp_directory_path() / "muster-sysfs.XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        const std::string all = Idset::range(0, machine.cpus() - 1).format();
        for (const char* which : {"online", "possible", "present"}) put(which, all);
        for (std::uint32_t cpu = 0; cpu < machine.cpus(); ++cpu) {
            const auto threads = machine.siblings(cpu);
            const auto topology = fmt::format("cpu{}/topology/", cpu);
            put(topology + "core_id", std::to_string(machine.core_of(cpu)));
            put(topology + "physical_package_id", "0");
            put(topology + "core_cpus", mask(threads));
            put(topology + "core_cpus_list", threads.format());
        }
        write("/proc/cpuinfo", "");
    }
    Sysfs(const Sysfs&) = delete;
    Sysfs& operator=(const Sysfs&) = delete;
    ~Sysfs() { fs::remove_all(root_); }

    std::string root() const { return root_.string(); }
    fs::path cpu_directory() const { return root_ / "sys/devices/system/cpu"; }
    void put(const std::string& file, const std::string& text) const {
        write("/sys/devices/system/cpu/" + file, text);
    }

  private:
    static std::string mask(const Idset& cpus) {
        std::uint64_t bits = 0;
        for (const auto cpu : cpus.ids()) bits |= std::uint64_t{1} << cpu;
        return fmt::format("{:08x},{:08x}", bits >> 32, bits & 0xffffffffu);
    }
    void write(const std::string& path, const std::string& text) const {
        const fs::path file = root_.string() + path;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text << '\n';
    }
    fs::path root_;
};

/// hwloc's count for the same directory.
std::uint32_t hwloc_count(const std::string& root, const Idset& cpus) {
    ::setenv("HWLOC_FSROOT", root.c_str(), 1);
    ::setenv("HWLOC_COMPONENTS", "linux,stop", 1);
    const auto counts = count_with_hwloc({.xml = "", .synthetic = ""}, cpus, With::cores);
    ::unsetenv("HWLOC_FSROOT");
    ::unsetenv("HWLOC_COMPONENTS");
    return counts.value().cores;
}

constexpr std::uint32_t all = 1'000'000;

TEST(Sysfs, CountsCoresOnce) {
    const Sysfs adjacent({.cores = 4, .threads = 2, .numbering = Numbering::adjacent});
    const auto count = [](const Sysfs& machine, const char* cpus) {
        return count_cores_in_sysfs(machine.root(), Idset::parse(cpus).value(), all);
    };
    EXPECT_EQ(count(adjacent, "0-7"), 4u);
    EXPECT_EQ(count(adjacent, "0-1"), 1u);
    EXPECT_EQ(count(adjacent, "1,3"), 2u);
    EXPECT_EQ(count(adjacent, ""), 0u);
    const Sysfs apart({.cores = 4, .threads = 2, .numbering = Numbering::apart});
    EXPECT_EQ(count(apart, "0-3"), 4u);
    EXPECT_EQ(count(apart, "0,4"), 1u);
}

TEST(Sysfs, StopsReadingAtEnough) {
    const Sysfs machine({.cores = 4, .threads = 1, .numbering = Numbering::apart});
    fs::remove_all(machine.cpu_directory() / "cpu2");
    EXPECT_EQ(count_cores_in_sysfs(machine.root(), Idset::range(0, 3), 2), 2u);
    EXPECT_EQ(count_cores_in_sysfs(machine.root(), Idset::range(0, 3), 3), std::nullopt);
}

TEST(Sysfs, ReadsTheOldNameOfTheSiblingsToo) {
    const Sysfs machine({.cores = 1, .threads = 2, .numbering = Numbering::adjacent});
    for (const char* cpu : {"cpu0", "cpu1"}) {
        fs::remove(machine.cpu_directory() / cpu / "topology/core_cpus_list");
        machine.put(std::string(cpu) + "/topology/thread_siblings_list", "0-1");
    }
    EXPECT_EQ(count_cores_in_sysfs(machine.root(), Idset::range(0, 1), all), 1u);
}

TEST(Sysfs, LeavesNonsenseToHwloc) {
    const Sysfs machine({.cores = 2, .threads = 1, .numbering = Numbering::adjacent});
    for (const char* text : {"", "x", "1"}) {
        machine.put("cpu0/topology/core_cpus_list", text);
        EXPECT_EQ(count_cores_in_sysfs(machine.root(), Idset::range(0, 1), all), std::nullopt)
            << text;
    }
    EXPECT_EQ(count_cores_in_sysfs("/nonexistent", Idset::range(0, 1), all), std::nullopt);
}

TEST(Sysfs, IsWhatDetectReadsUnderItsRoot) {
    const Sysfs machine({.cores = 8, .threads = 4, .numbering = Numbering::apart});
    EXPECT_EQ(detect({.root = machine.root(), .affinity = Idset::range(0, 5)})->shape.cores, 6u);
}

TEST(Sysfs, KnowsTheProcessMask) {
    cpu_set_t mask;
    ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    const auto cpus = process_affinity().value();
    EXPECT_EQ(cpus.size(), static_cast<std::size_t>(CPU_COUNT(&mask)));
    for (const auto cpu : cpus.ids()) EXPECT_TRUE(CPU_ISSET(cpu, &mask));
}

TEST(Sysfs, AgreesWithHwlocOnThisMachine) {
    const auto cpus = process_affinity().value();
    const auto quick = count_cores_in_sysfs("", cpus, all);
    if (!quick) GTEST_SKIP() << "this kernel does not tell its cores";
    EXPECT_EQ(*quick,
              count_with_hwloc({.xml = "", .synthetic = ""}, std::nullopt, With::cores)->cores);
}

TEST(Sysfs, AgreesWithHwlocOnEveryMask) {
    for (const auto& machine : {Machine{.cores = 5, .threads = 1, .numbering = Numbering::apart},
                                {.cores = 6, .threads = 2, .numbering = Numbering::apart},
                                {.cores = 6, .threads = 2, .numbering = Numbering::adjacent},
                                {.cores = 2, .threads = 4, .numbering = Numbering::adjacent},
                                {.cores = 20, .threads = 2, .numbering = Numbering::apart}}) {
        const Sysfs sysfs(machine);
        EXPECT_TRUE(rc::check([&] {
            Idset cpus;
            for (std::uint32_t cpu = 0; cpu < machine.cpus(); ++cpu)
                if (*rc::gen::arbitrary<bool>()) cpus.insert(cpu);
            const auto quick = count_cores_in_sysfs(sysfs.root(), cpus, all);
            RC_ASSERT(quick.has_value());
            RC_ASSERT(*quick == hwloc_count(sysfs.root(), cpus));
        }));
    }
}

}  // namespace
}  // namespace muster::resources
