// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "muster/timeline/record.hpp"
#include "pods.hpp"

namespace muster::timeline {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct StepCase {
    const char* line;
    std::uint32_t rank;
    const char* from;
    const char* to;
    Duration lasted;
    bool timed;
};

TEST(LogStep, IsFoundInEveryForm) {
    for (const auto& expected : {
             StepCase{"2026-11-23T02:49:32.249595Z broker.info[12]: parent-ready: join->init 1.2s",
                      12, "join", "init", milliseconds(1200), true},
             StepCase{"<6>broker.info[0]: rc1-success: init->quorum 0.446517s", 0, "init", "quorum",
                      microseconds(446'517), false},
             StepCase{"2026-11-23T02:49:32Z <6>broker.info[3]: quorum-full: quorum->run 17.5ms", 3,
                      "quorum", "run", microseconds(17'500), true},
             StepCase{"[pod/x-1/main] 2026-11-23T02:49:32+02:00 <6>broker.info[1]: parent-none: "
                      "join->config-sync 2m",
                      1, "join", "config-sync", seconds(120), true},
             StepCase{"[1] broker.info[1]: shutdown: run->cleanup 1.5h", 1, "run", "cleanup",
                      seconds(5400), false},
             StepCase{"broker.info[1]: shutdown: run->cleanup", 1, "run", "cleanup", seconds(0),
                      false},
             StepCase{"broker.info[1]: shutdown: run->cleanup soon", 1, "run", "cleanup",
                      seconds(0), false},
         }) {
        const auto found = parse_log_step(expected.line);
        ASSERT_TRUE(found) << expected.line;
        EXPECT_EQ(found->rank, expected.rank);
        EXPECT_EQ(found->step.from, expected.from);
        EXPECT_EQ(found->step.to, expected.to);
        EXPECT_EQ(found->step.lasted, expected.lasted) << expected.line;
        EXPECT_EQ(found->step.at.has_value(), expected.timed) << expected.line;
    }
}

TEST(LogStep, OtherLinesHaveNone) {
    for (const auto* line :
         {"", "broker.info[0]: online: a (ranks 0)", "broker.info[x]: a: join->init 1s",
          "broker.info[-1]: a: join->init 1s", "broker.info[0]: a: here->there 1s",
          "broker.info[4000000000]: a: join->init 1s", "broker.err[0]: a: join->init 1s",
          "broker.info[0: a: join->init 1s", "broker.info[", "muster: info: rank 0"})
        EXPECT_FALSE(parse_log_step(line)) << line;
}

Step step(const char* from, const char* to, std::optional<double> when, double lasted) {
    return {when ? std::optional(at(*when)) : std::nullopt, secs(lasted), from, to};
}

std::string format(const std::vector<Record::State>& states) {
    std::string text;
    for (const auto& [name, entered] : states)
        text += fmt::format("{}{}@{:.2f}", text.empty() ? "" : " ", name,
                            std::chrono::duration<double>(entered - at(0)).count());
    return text;
}

TEST(LastLife, IsWhatStepsWithTimesSay) {
    Record record;
    record.steps = {step("load-builtins", "join", 1.0, 0.2), step("join", "init", 3.0, 2.0),
                    step("init", "quorum", 4.0, 1.0)};
    EXPECT_EQ(format(last_life(record)), "load-builtins@0.80 join@1.00 init@3.00 quorum@4.00");
}

TEST(LastLife, LeavesEarlierOnesOut) {
    Record record;
    record.steps = {step("load-builtins", "join", 1.0, 0.2), step("join", "init", 3.0, 2.0),
                    step("load-builtins", "join", 9.0, 0.5), step("join", "init", 9.5, 0.5)};
    EXPECT_EQ(format(last_life(record)), "load-builtins@8.50 join@9.00 init@9.50");
    // Before 0.80 the first state was join.
    record.steps = {step("join", "init", 3.0, 2.0), step("init", "shutdown", 4.0, 1.0),
                    step("join", "init", 9.5, 0.5)};
    EXPECT_EQ(format(last_life(record)), "join@9.00 init@9.50");
}

TEST(LastLife, WithoutTimesIsCountedFromTheExec) {
    Record record = invent(1, {.start = 1.0});
    record.steps = {step("join", "init", {}, 2.0), step("init", "quorum", {}, 0.5)};
    EXPECT_EQ(format(last_life(record)), "join@1.02 init@3.02 quorum@3.52");
    record.report.reset();
    EXPECT_EQ(format(last_life(record)), "") << "from nothing";
}

TEST(LastLife, NeverRunsBackwards) {
    Record record;
    record.steps = {step("join", "init", 3.0, 1.0), step("init", "quorum", 2.0, 1.0)};
    EXPECT_EQ(format(last_life(record)), "join@2.00 init@3.00 quorum@3.00");
}

}  // namespace
}  // namespace muster::timeline
