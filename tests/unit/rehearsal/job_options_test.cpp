// SPDX-License-Identifier: Apache-2.0
#include "job_options.hpp"

#include <gmock/gmock.h>

#include "muster/base/atomic_file.hpp"

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;
using Words = std::vector<std::string>;

TEST(JobOptions, AsMusterGivesThem) {
    const auto given = parse_job_options(
        JobCommand::submit, Words{"--watch", "--quiet", "-N4", "-n8", "--input=/dev/null", "--",
                                  "sh", "-c", "echo -N2"});
    ASSERT_TRUE(given.has_value()) << given.error().message;
    EXPECT_TRUE(given->watch);
    EXPECT_TRUE(given->quiet);
    EXPECT_EQ(given->shape.nodes, 4u);
    EXPECT_EQ(given->shape.tasks, 8u);
    EXPECT_FALSE(given->shape.exclusive);
    EXPECT_THAT(given->command, ElementsAre("sh", "-c", "echo -N2"));
}

TEST(JobOptions, Defaults) {
    const auto one = parse_job_options(JobCommand::submit, Words{"x"});
    EXPECT_EQ(one->shape.nodes, 0u);
    EXPECT_EQ(one->shape.tasks, 1u);
    EXPECT_FALSE(one->watch);
    EXPECT_TRUE(parse_job_options(JobCommand::run, Words{"x"})->watch);
    // Nodes without tasks: a task on each of so many whole nodes.
    const auto whole = parse_job_options(JobCommand::run, Words{"-N3", "x"});
    EXPECT_EQ(whole->shape.tasks, 3u);
    EXPECT_TRUE(whole->shape.exclusive);
    EXPECT_TRUE(parse_job_options(JobCommand::alloc, Words{"-N2"})->command.empty());
}

TEST(JobOptions, WhatChangesNothingIsTaken) {
    EXPECT_TRUE(parse_job_options(JobCommand::run,
                                  Words{"-o", "cpu-affinity=off", "--job-name=a", "-v", "x"})
                    .has_value());
}

TEST(JobOptions, TimeLimitsAreFsdOrMinutes) {
    const auto limit = [](const char* text) {
        return parse_job_options(JobCommand::run, Words{"-t", text, "x"})->time_limit;
    };
    EXPECT_DOUBLE_EQ(limit("90s"), 90.0);
    EXPECT_DOUBLE_EQ(limit("2"), 120.0);
    EXPECT_DOUBLE_EQ(limit("1h"), 3600.0);
    EXPECT_DOUBLE_EQ(limit("inf"), 0.0);
}

TEST(JobOptions, Refusals) {
    const std::vector<std::pair<Words, std::string>> rows = {
        {{}, "job command and arguments are missing"},
        {{"-N2"}, "job command and arguments are missing"},
        {{"-N0", "x"}, "node count must be an integer >= 1 (if set)"},
        {{"-n0", "x"}, "task count must be an integer >= 1 (if set)"},
        {{"-Nx", "x"}, "--nodes: invalid int value 'x'"},
        {{"-N", "3.5", "x"}, "--nodes: invalid int value '3.5'"},
        {{"-n99999999999", "x"}, "--ntasks: invalid int value '99999999999'"},
        {{"-N2", "-n1", "x"}, "node count must not be greater than task count"},
        {{"-x", "x"}, "exclusive can only be set with a node count"},
        {{"-g1", "x"}, "unrecognized arguments: -g1"},
        {{"--foo", "x"}, "unrecognized arguments: --foo"},
        {{"-t", "soon", "x"}, "invalid Flux standard duration 'soon'"},
        {{"--input=/etc/passwd", "x"},
         "--input=/etc/passwd: tasks of the rehearsal read /dev/null only"},
    };
    for (const auto& [words, text] : rows) {
        const auto given = parse_job_options(JobCommand::submit, words);
        ASSERT_FALSE(given.has_value()) << text;
        EXPECT_EQ(given.error().message, text);
    }
}

TEST(Bulk, InputsTakeThePlaceOfBraces) {
    EXPECT_THAT(
        *expand_bulk(Words{"sh", "-c", "{}", ":::", "echo one", "a {} b"}),
        ElementsAre(ElementsAre("sh", "-c", "echo one"), ElementsAre("sh", "-c", "a {} b")));
    EXPECT_THAT(*expand_bulk(Words{"x-{}-{}", ":::", "1"}), ElementsAre(ElementsAre("x-1-1")));
    EXPECT_THAT(*expand_bulk(Words{"echo", ":::", "1", "2"}),
                ElementsAre(ElementsAre("echo", "1"), ElementsAre("echo", "2")));
    EXPECT_TRUE(expand_bulk(Words{"echo", ":::"})->empty());
}

TEST(Bulk, InputsFromFiles) {
    const std::string file = "/tmp/rehearsal-bulk-" + std::to_string(::getpid());
    ASSERT_TRUE(write_file(file, "one\n\ntwo  2\nlast", 0600).has_value());
    EXPECT_THAT(*expand_bulk(Words{"echo", "::::", file}),
                ElementsAre(ElementsAre("echo", "one"), ElementsAre("echo", "two  2"),
                            ElementsAre("echo", "last")));
    ::unlink(file.c_str());
    EXPECT_FALSE(expand_bulk(Words{"echo", "::::", file}).has_value());
}

TEST(Bulk, Refusals) {
    EXPECT_FALSE(expand_bulk(Words{"echo", "{}"}).has_value());
    EXPECT_FALSE(expand_bulk(Words{":::", "a"}).has_value());
}

TEST(MakeRequest, LeavesOutWhatBelongsToAnotherJob) {
    const Environment environment = {{"A", "b"},
                                     {"FLUX_URI", "x"},
                                     {"FLUX_JOB_ID", "x"},
                                     {"FLUX_TASK_RANK", "1"},
                                     {"FLUX_FAKE_HOSTNAME", "h"}};
    const auto request = make_request({.directory = "/d"}, {"x"}, environment);
    EXPECT_THAT(request.plan.environment, ElementsAre("A=b", "FLUX_FAKE_HOSTNAME=h"));
    EXPECT_EQ(request.plan.directory, "/d");
    EXPECT_FALSE(make_request({}, {"x"}, environment).plan.directory.empty());
}

TEST(JobRequest, GoesBothWays) {
    JobRequest request{.shape = {2, 5, 3, true}, .watch = true, .time_limit = 1.5, .ranks = {1, 3}};
    request.plan = {{"a", "\xff"}, {"B=\xfe"}, "/d"};
    const auto again = decode_request(encode_request(request));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->shape.nodes, 2u);
    EXPECT_EQ(again->shape.tasks, 5u);
    EXPECT_EQ(again->shape.cores_per_task, 3u);
    EXPECT_TRUE(again->shape.exclusive);
    EXPECT_DOUBLE_EQ(again->time_limit, 1.5);
    EXPECT_THAT(again->ranks, ElementsAre(1, 3));
    EXPECT_EQ(again->plan.argv, request.plan.argv);
    EXPECT_EQ(again->plan.environment, request.plan.environment);
}

TEST(JobRequest, RefusesWhatIsNone) {
    const JobRequest request{.plan = {{"a"}, {}, "/"}};
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"nodes", "-1"},
                                                          {"nodes", "\"1\""},
                                                          {"tasks", "0"},
                                                          {"tasks", "99999999999"},
                                                          {"cores", "0"},
                                                          {"argv", "[]"},
                                                          {"argv", "[1]"},
                                                          {"env", "{}"},
                                                          {"cwd", "1"},
                                                          {"ranks", "[-1]"}}) {
        auto body = encode_request(request);
        body.set(key, *json::Value::parse(value));
        EXPECT_FALSE(decode_request(body).has_value()) << key << ' ' << value;
    }
}

TEST(JobName, IsBase58) {
    for (const auto& [id, name] : std::vector<std::pair<JobId, std::string>>{
             {1, "ƒ2"}, {57, "ƒz"}, {58, "ƒ21"}, {123456789, "ƒBukQL"}}) {
        Job job;
        job.id = id;
        EXPECT_EQ(job.name(), name);
        EXPECT_EQ(parse_job_name(name), id);
        EXPECT_EQ(parse_job_name("f" + name.substr(2)), id);
    }
    for (const char* name : {"", "f", "2", "ƒ", "ƒ0", "fl", "f1", "fzzzzzzzzzzzzzzzzzzzz"})
        EXPECT_FALSE(parse_job_name(name).has_value()) << name;
}

}  // namespace
}  // namespace muster::rehearsal
