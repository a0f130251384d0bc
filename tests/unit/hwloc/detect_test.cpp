// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/detect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>

#include "muster/base/atomic_file.hpp"
#include "scratch.hpp"

namespace muster::resources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string fixture(const char* path) {
    return std::string(FIXTURES "/") + path;
}

Options synthetic(const char* description) {
    return {.synthetic = description, .quota = QuotaUse::ignore};
}

TEST(Detect, CountsCoresNotThreads) {
    const auto detected = detect(synthetic("pack:2 core:4 pu:2")).value();
    EXPECT_EQ(detected.shape, (Shape{.cores = 8, .gpus = 0}));
    EXPECT_THAT(detected.notes, IsEmpty());
    EXPECT_EQ(detect(synthetic("core:3 pu:4"))->shape.cores, 3u);
    EXPECT_EQ(detect(synthetic("numa:2 core:2 pu:1"))->shape.cores, 4u);
}

TEST(Detect, TakesEachThreadForACoreWhereTheTopologyHasNoCores) {
    EXPECT_EQ(detect(synthetic("pack:2 pu:3"))->shape.cores, 6u);
}

TEST(Detect, CountsCoresWithAThreadInTheMask) {
    auto options = synthetic("pack:2 core:4 pu:2");  // PUs 0,1 are core 0
    const auto cores = [&options](const char* mask) {
        options.affinity = Idset::parse(mask).value();
        return detect(options).value().shape.cores;
    };
    EXPECT_EQ(cores("0"), 1u);
    EXPECT_EQ(cores("0-1"), 1u);
    EXPECT_EQ(cores("1-2"), 2u);
    EXPECT_EQ(cores("0,2,4,6"), 4u);
    EXPECT_EQ(cores("8-11,100"), 2u);
    EXPECT_EQ(cores("0-15"), 8u);
}

TEST(Detect, RefusesAMaskWithoutCores) {
    auto options = synthetic("core:2 pu:1");
    options.affinity = Idset::range(7, 8);
    const auto detected = detect(options);
    ASSERT_FALSE(detected);
    EXPECT_EQ(detected.error().kind, Kind::malformed);
    EXPECT_THAT(detected.error().message, HasSubstr("no core is usable"));
}

struct QuotaRow {
    const char* fixture;
    std::uint32_t cores;
};

TEST(Detect, CutsByTheQuotaInWholeCores) {
    for (const auto& [name, cores] : {QuotaRow{"v2-pod", 4},
                                      {"v2-unlimited", 16},
                                      {"v2-ancestor", 2},
                                      {"v2-leaf-tighter", 1},
                                      {"v1-docker", 3},
                                      {"v1-unlimited", 16},
                                      {"v1-ancestor", 1},
                                      {"v1-hybrid", 2},
                                      {"none", 16}}) {
        auto options = synthetic("core:16 pu:2");
        options.root = fixture("cgroup/") + name;
        options.quota = QuotaUse::cut;
        const auto detected = detect(options).value();
        EXPECT_EQ(detected.shape.cores, cores) << name;
        EXPECT_THAT(detected.notes, IsEmpty()) << name;
    }
}

TEST(Detect, GrantsOneCoreBelowOneAndSaysSo) {
    auto options = synthetic("core:16 pu:1");
    options.root = fixture("cgroup/v2-half-a-core");
    options.quota = QuotaUse::cut;
    const auto detected = detect(options).value();
    EXPECT_EQ(detected.shape.cores, 1u);
    EXPECT_THAT(detected.notes,
                ElementsAre("the CPU quota of /sys/fs/cgroup is 0.5 cores; R says 1 core, the "
                            "least that Flux can schedule"));
}

TEST(Detect, LeavesAMaskThatIsTighterThanTheQuota) {
    auto options = synthetic("core:16 pu:2");
    options.root = fixture("cgroup/v2-pod");
    options.quota = QuotaUse::cut;
    options.affinity = Idset::range(0, 3);
    EXPECT_EQ(detect(options)->shape.cores, 2u);
}

struct XmlRow {
    const char* file;
    Shape shape;
};

// Backends and cards as hwloc reports them; what counts is what Flux counts.
TEST(Detect, ReadsMachinesFromXml) {
    for (const auto& [file, shape] : {XmlRow{"smt.xml", {.cores = 4, .gpus = 0}},
                                      {"allowed-half.xml", {.cores = 2, .gpus = 0}},
                                      {"nvidia-two-cards.xml", {.cores = 8, .gpus = 2}},
                                      {"amd-four-partitions.xml", {.cores = 4, .gpus = 4}},
                                      {"display-only.xml", {.cores = 2, .gpus = 0}}}) {
        const auto detected = detect({.xml = fixture("hwloc/") + file, .quota = QuotaUse::ignore});
        ASSERT_TRUE(detected) << file << ": " << detected.error().message;
        EXPECT_EQ(detected->shape, shape) << file;
        EXPECT_THAT(detected->notes, IsEmpty()) << file;
    }
}

TEST(Detect, LooksForNoGpusWhenNoneAreWanted) {
    Options options{.xml = fixture("hwloc/nvidia-two-cards.xml"), .quota = QuotaUse::ignore};
    options.search = GpuSearch::never;
    EXPECT_EQ(detect(options)->shape, (Shape{.cores = 8, .gpus = 0}));
    options.search = GpuSearch::always;
    options.gpus = 1;
    EXPECT_EQ(detect(options)->shape, (Shape{.cores = 8, .gpus = 1}));
    options.gpus.reset();
    options.cores = 3;
    EXPECT_EQ(detect(options)->shape, (Shape{.cores = 3, .gpus = 2}));
}

TEST(Detect, SaysThatADeviceFileIsNoGpuThatItSees) {
    const Scratch machine;
    ASSERT_TRUE(make_directories(machine / "dev", 0755));
    machine.file("dev/nvidiactl", "");
    EXPECT_THAT(detect({.root = machine / ".", .cores = 1})->notes, IsEmpty());
    machine.file("dev/nvidia0", "");
    const auto detected = detect({.root = machine / ".", .cores = 1}).value();
    if (detected.shape.gpus != 0) GTEST_SKIP() << "this machine has a GPU";
    EXPECT_THAT(
        detected.notes,
        ElementsAre(
            "/dev/nvidia0 is here, but hwloc sees no GPU; say how many there are with --gpus"));
    EXPECT_THAT(detect({.root = machine / ".", .cores = 1, .gpus = 0})->notes, IsEmpty());
}

TEST(Detect, FollowsHwlocsOwnVariables) {
    ::setenv("HWLOC_SYNTHETIC", "core:5 pu:2", 1);
    const auto synthetic_machine = detect({.quota = QuotaUse::ignore});
    ::unsetenv("HWLOC_SYNTHETIC");
    EXPECT_EQ(synthetic_machine->shape.cores, 5u);
    ::setenv("HWLOC_XMLFILE", fixture("hwloc/nvidia-two-cards.xml").c_str(), 1);
    const auto xml_machine = detect({.quota = QuotaUse::ignore});
    ::unsetenv("HWLOC_XMLFILE");
    EXPECT_EQ(xml_machine->shape, (Shape{.cores = 8, .gpus = 2}));
}

TEST(Detect, TakesSettingsAsTheyAreAndLooksAtNothing) {
    const Options options{
        .root = fixture("cgroup/v2-half-a-core"), .xml = "/nonexistent", .cores = 64, .gpus = 3};
    const auto detected = detect(options).value();
    EXPECT_EQ(detected.shape, (Shape{.cores = 64, .gpus = 3}));
    EXPECT_THAT(detected.notes, IsEmpty());
}

TEST(Detect, RefusesSettingsThatCannotBe) {
    EXPECT_EQ(detect({.cores = 0}).error().message, "cores must be from 1 to 65536, not 0");
    EXPECT_EQ(detect({.cores = 65'537}).error().kind, Kind::usage);
    EXPECT_EQ(detect({.gpus = 65'537}).error().message, "gpus must be at most 65536, not 65537");
    EXPECT_EQ(detect({.xml = "a", .synthetic = "b"}).error().kind, Kind::usage);
}

TEST(Detect, RefusesBadTopologies) {
    const auto missing = detect({.xml = "/nonexistent/x.xml"});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, Kind::io);
    const auto bad = detect({.xml = fixture("cgroup/none/proc/self/stat")});
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().kind, Kind::malformed);
    const auto words = detect(synthetic("nonsense:2"));
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().kind, Kind::malformed);
    EXPECT_EQ(words.error().message, "topology 'nonsense:2': hwloc cannot read this description");
}

TEST(Detect, SeesThisMachineAsThisProcessMayUseIt) {
    cpu_set_t mask;
    ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    const auto all = detect({.quota = QuotaUse::ignore}).value();
    EXPECT_GE(all.shape.cores, 1u);
    EXPECT_LE(all.shape.cores, static_cast<std::uint32_t>(CPU_COUNT(&mask)));
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &mask)) {
            CPU_SET(cpu, &one);
            break;
        }
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    const auto pinned = detect({.quota = QuotaUse::ignore});
    ASSERT_EQ(sched_setaffinity(0, sizeof mask, &mask), 0);
    EXPECT_EQ(pinned->shape.cores, 1u);
}

}  // namespace
}  // namespace muster::resources
