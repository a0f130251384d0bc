// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/quota.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(Quota, RootMayEndInASlash) {
    EXPECT_TRUE(find_cpu_quota(fixture("v2-pod") + "//").quota);
}

}  // namespace
}  // namespace muster::resources
