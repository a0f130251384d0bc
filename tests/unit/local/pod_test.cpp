// SPDX-License-Identifier: Apache-2.0
#include "muster/local/pod.hpp"

#include <gmock/gmock.h>

namespace muster::local {
namespace {

const Instance instance{.size = 4,
                        .max_size = 8,
                        .addresses = "127.64.0.[2-9]",
                        .name_server = "127.64.0.1:8053",
                        .port = 8050,
                        .flux = "none",
                        .certificate = "/tmp/i/curve.cert",
                        .labelled = false};

TEST(PodEnvironment, TellsAPodWhoItIs) {
    UpOptions options;
    options.grace = std::chrono::milliseconds(2500);
    const auto made = pod_environment({{"HOME", "/u"}, {"TMPDIR", "/var/tmp"}}, options, instance,
                                      3, "/tmp/i/pods/3");
    const Environment expected = {{"HOME", "/u"},
                                  {"MUSTER_RANK", "3"},
                                  {"MUSTER_SIZE", "4"},
                                  {"MUSTER_MAX_SIZE", "8"},
                                  {"MUSTER_HOSTS", "up-[0-7]"},
                                  {"MUSTER_DOMAIN", "up.muster.internal"},
                                  {"MUSTER_ADDRESSES", "127.64.0.[2-9]"},
                                  {"MUSTER_DNS", "127.64.0.1:8053"},
                                  {"MUSTER_PORT", "8050"},
                                  {"MUSTER_FLUX", "none"},
                                  {"MUSTER_MODE", "submit"},
                                  {"MUSTER_DIR", "/tmp/i/pods/3"},
                                  {"MUSTER_GRACE", "2.5"},
                                  {"MUSTER_CERT", "/tmp/i/curve.cert"},
                                  {"TMPDIR", "/tmp/i/pods/3/tmp"}};
    EXPECT_THAT(made, testing::UnorderedElementsAreArray(expected));
}

TEST(PodEnvironment, WhateverSurroundsUpItsPodsAreItsOwn) {
    const Environment users = {{"MUSTER_RANK", "17"},     {"MUSTER_SERVICE", "flux"},
                               {"MUSTER_NAMESPACE", "x"}, {"JOB_COMPLETION_INDEX", "5"},
                               {"MUSTER_BIND", "eth0"},   {"MUSTER_TOPOLOGY", "kary:2"},
                               {"MUSTER_INIT_FD", "9"},   {"MUSTER_ORDINALS_START", "5"}};
    const auto made = pod_environment(users, UpOptions{}, instance, 0, "/d");
    EXPECT_EQ(made.at("MUSTER_RANK"), "0");
    EXPECT_EQ(made.at("MUSTER_TOPOLOGY"), "kary:2") << "a setting that is no identity stays";
    for (const char* gone : {"MUSTER_SERVICE", "MUSTER_NAMESPACE", "JOB_COMPLETION_INDEX",
                             "MUSTER_BIND", "MUSTER_INIT_FD", "MUSTER_ORDINALS_START"})
        EXPECT_FALSE(made.contains(gone)) << gone;
}

TEST(PodEnvironment, SettingsWinOverTheUsersEnvironment) {
    UpOptions options;
    options.settings = {{"MUSTER_TOPOLOGY", "kary:4"}, {"MUSTER_RANK", "9"}};
    options.min_size = 2;
    const auto made = pod_environment({{"MUSTER_TOPOLOGY", "kary:2"}}, options, instance, 1, "/d");
    EXPECT_EQ(made.at("MUSTER_TOPOLOGY"), "kary:4");
    EXPECT_EQ(made.at("MUSTER_RANK"), "1");
    EXPECT_EQ(made.at("MUSTER_MIN_SIZE"), "2");
}

TEST(PodEnvironment, AnInstanceOfOneAndLabels) {
    UpOptions options;
    options.flags = "--cores=1";
    Instance one = instance;
    one.size = one.max_size = 1;
    EXPECT_EQ(pod_environment({}, options, one, 0, "/d").at("MUSTER_HOSTS"), "up-0");
    EXPECT_EQ(pod_environment({}, options, one, 0, "/d").at("MUSTER_FLAGS"), "--cores=1");
    one.labelled = true;
    EXPECT_EQ(pod_environment({}, options, one, 0, "/d").at("MUSTER_FLAGS"),
              "--label-io --cores=1");
    one.certificate.clear();
    EXPECT_FALSE(pod_environment({}, options, one, 0, "/d").contains("MUSTER_CERT"));
}

TEST(PodArgv, ArgumentsArriveAsTheyAre) {
    UpOptions options;
    options.muster = "/bin/muster";
    options.muster_init = "/bin/muster-init";
    options.run_flags = {"--tasks=2"};
    options.command = {"sh", "-c", "echo $FLUX_TASK_RANK; exit 3", "", "--", "a\nb"};
    EXPECT_THAT(pod_argv(options),
                testing::ElementsAre("/bin/muster-init", "/bin/muster", "run", "--tasks=2", "--",
                                     "sh", "-c", "echo $FLUX_TASK_RANK; exit 3", "", "--", "a\nb"));
}

}  // namespace
}  // namespace muster::local
