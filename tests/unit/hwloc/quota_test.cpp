// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/quota.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cgroup.hpp"

namespace muster::resources {
namespace {

std::string fixture(const char* name) {
    return std::string(FIXTURES "/cgroup/") + name;
}

struct Row {
    const char* fixture;
    double cores;  // 0: unlimited
    const char* cgroup;
};

constexpr const char* pod =
    "/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice";
constexpr const char* container =
    "/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/"
    "cri-containerd:abc:def.scope";

constexpr Row rows[] = {
    {"v2-pod", 4.0, "/sys/fs/cgroup"},
    {"v2-unlimited", 0.0, ""},
    {"v2-half-a-core", 0.5, "/sys/fs/cgroup"},
    {"v2-ancestor", 2.5, pod},
    {"v2-leaf-tighter", 1.99999, container},
    {"v2-outside", 3.0, "/sys/fs/cgroup"},
    {"v2-mounted-below", 3.0, "/sys/fs/cgroup/job"},
    {"v2-mount-with-blank", 3.0, "/sys/fs/c group"},
    {"v2-no-controller", 0.0, ""},
    {"v2-no-period", 3.0, "/sys/fs/cgroup"},
    {"v1-docker", 3.0, "/sys/fs/cgroup/cpu,cpuacct"},
    {"v1-unlimited", 0.0, ""},
    {"v1-ancestor", 1.5, "/sys/fs/cgroup/cpu,cpuacct/kubepods/pod1"},
    {"v1-hybrid", 2.0, "/sys/fs/cgroup/cpu,cpuacct/kubepods/pod1"},
    {"none", 0.0, ""},
    {"no-such-fixture", 0.0, ""},
};

TEST(Quota, IsTheTightestOfAllAncestors) {
    for (const auto& row : rows) {
        const auto [quota, notes] = find_cpu_quota(fixture(row.fixture));
        EXPECT_THAT(notes, testing::IsEmpty()) << row.fixture;
        ASSERT_EQ(quota.has_value(), row.cores > 0) << row.fixture;
        if (!quota) continue;
        EXPECT_DOUBLE_EQ(quota->cores(), row.cores) << row.fixture;
        EXPECT_EQ(quota->cgroup, row.cgroup) << row.fixture;
        EXPECT_EQ(quota->whole_cores(), static_cast<std::uint64_t>(row.cores)) << row.fixture;
    }
}

TEST(Quota, ThatIsNoNumberIsNotedAndLimitsNothing) {
    const auto [quota, notes] = find_cpu_quota(fixture("v2-malformed"));
    EXPECT_FALSE(quota);
    EXPECT_THAT(notes, testing::ElementsAre("a CPU quota may go unnoticed: /sys/fs/cgroup/cpu.max "
                                            "holds 'lots 100000'"));
}

TEST(Cgroup, MountsAreThoseOfTheCpuController) {
    const auto mounts = parse_mounts(
        "24 29 0:22 / /proc rw - proc proc rw\n"
        "30 23 0:25 / /sys/fs/cgroup/cpuset rw shared:1 master:2 - cgroup cgroup rw,cpuset\n"
        "31 23 0:26 /a\\134b /sys/fs/cgroup/cpu rw shared:1 - cgroup cgroup rw,cpuacct,cpu\n"
        "32 23 0:27 / /x\\040y\\04z rw - cgroup2 none rw\n"
        "nonsense\n"
        "33 23 0:27 / - cgroup2\n");
    ASSERT_EQ(mounts.size(), 2u);
    EXPECT_EQ(mounts[0].version, Version::v1);
    EXPECT_EQ(mounts[0].root, "/a\\b");
    EXPECT_EQ(mounts[0].point, "/sys/fs/cgroup/cpu");
    EXPECT_EQ(mounts[1].version, Version::v2);
    EXPECT_EQ(mounts[1].point, "/x y\\04z");
}

TEST(Cgroup, IsTheOneOfItsHierarchy) {
    const char* text = "12:cpuset:/set\n4:cpu,cpuacct:/one:two\n1:name=cpu:/named\n0::/two\n";
    EXPECT_EQ(parse_cgroup(text, Version::v1), "/one:two");
    EXPECT_EQ(parse_cgroup(text, Version::v2), "/two");
    EXPECT_EQ(parse_cgroup("5:memory:/m\n", Version::v1), std::nullopt);
    EXPECT_EQ(parse_cgroup("nonsense\n:\n", Version::v2), std::nullopt);
}

TEST(Cgroup, LiesBelowItsMountOrIsTakenForItsTop) {
    EXPECT_EQ(below("/", "/"), "");
    EXPECT_EQ(below("/a/b", "/"), "/a/b");
    EXPECT_EQ(below("/a/b", "/a"), "/b");
    EXPECT_EQ(below("/a", "/a"), "");
    EXPECT_EQ(below("/ab", "/a"), "");
    EXPECT_EQ(below("/x", "/a"), "");
    EXPECT_EQ(below("/../x", "/"), "");
    EXPECT_EQ(below("/..", "/"), "");
    EXPECT_EQ(below("/..x", "/"), "/..x");
    EXPECT_EQ(below("x", "/"), "");
}

TEST(Quota, RootMayEndInASlash) {
    EXPECT_TRUE(find_cpu_quota(fixture("v2-pod") + "//").quota);
}

}  // namespace
}  // namespace muster::resources
