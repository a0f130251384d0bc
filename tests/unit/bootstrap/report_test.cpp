// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/json.hpp"

namespace muster::bootstrap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StoppedClock final : public Clock {
  public:
    TimePoint now() const override { return TimePoint(seconds(50)) + passed; }
    WallTime wall() const override { return WallTime(seconds(1'700'000'000)) + passed; }
    Duration passed{};
};

json::Value written(const Report& report) {
    const auto text = format_report(report);
    EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
    return json::Value::parse(text).value();
}

std::string lives_of(int count, std::int64_t first_us, const std::string& supervisor) {
    return fmt::format(R"({{"lives": {{"count": {}, "first_wall_us": {}, "supervisor": "{}"}}}})",
                       count, first_us, supervisor);
}

TEST(Report, PhasesFollowEachOtherWithoutGaps) {
    StoppedClock clock;
    Report report;
    for (const auto phase : {Phase::start, Phase::identify, Phase::plan, Phase::exec}) {
        report.enter(phase, moment(clock));
        clock.passed += milliseconds(3);
    }
    report.leave(moment(clock));
    const auto phases = written(report).get("phases").items();
    ASSERT_EQ(phases.size(), 4u);
    for (std::size_t i = 0; i < phases.size(); ++i) {
        const auto later = static_cast<std::int64_t>(i) * 3000;
        EXPECT_EQ(phases[i].get("monotonic_us").as_integer(), 50'000'000 + later);
        EXPECT_EQ(phases[i].get("wall_us").as_integer(), 1'700'000'000'000'000 + later);
        EXPECT_EQ(phases[i].get("took_us").as_integer(), 3000);
    }
    EXPECT_EQ(phases[1].get("name").as_string(), "identify");
}

TEST(Report, AStepOfTheWallClockIsNoDuration) {
    Report report;
    report.enter(Phase::start, {WallTime(seconds(100)), TimePoint(seconds(1))});
    report.enter(Phase::exec, {WallTime(seconds(10)), TimePoint(seconds(3))});
    const auto phases = written(report).get("phases").items();
    EXPECT_EQ(phases[0].get("took_us").as_integer(), 2'000'000);
    EXPECT_EQ(phases[1].get("took_us").as_integer(), 0) << "under way";
}

TEST(Report, BeginsWithTheProcessItself) {
    const SystemClock clock;
    const auto before = clock.now();
    const auto report = begin_report("1.2", clock);
    ASSERT_EQ(report.phases.size(), 2u);
    EXPECT_EQ(report.phases[0].phase, Phase::start);
    EXPECT_LE(report.phases[0].begun.monotonic, before);
    EXPECT_GE(report.phases[0].took, Duration::zero());
    EXPECT_EQ(report.phases[1].phase, Phase::identify);
    EXPECT_EQ(report.lives.count, 1);
    EXPECT_EQ(report.lives.first, report.phases[0].begun.wall);
}

TEST(Report, NamesItsSupervisorByPidAndStart) {
    const auto name = supervisor_of_this_process();
    EXPECT_THAT(name, testing::MatchesRegex("[0-9]+@[0-9]+"));
    EXPECT_EQ(name, supervisor_of_this_process());
}

TEST(Report, SaysWhatThePlanSays) {
    const std::vector<std::string> words{"--hosts=a[0-3]", "--rank=2", "--dir=/nonexistent"};
    LocalFacts facts;
    facts.shape = {.cores = 3, .gpus = 1};
    facts.flux = "/usr/bin/flux";
    const auto plan = make_plan(parse_command_line(words, {}).value().settings, {}, facts).value();
    Report report;
    report.version = "1.2";
    report.describe(plan, facts);
    report.key = "0123abcd";
    report.gates = {.address = "10.0.0.1",
                    .questions = 3,
                    .dials = 2,
                    .handshakes = 1,
                    .attempts = {{.gate = Phase::name,
                                  .passed = false,
                                  .asked = "a0 A",
                                  .answered = "no such name",
                                  .begun = milliseconds(1),
                                  .took = milliseconds(2)}}};
    const auto json = written(report);
    EXPECT_EQ(json.get("rank").as_integer(), 2);
    EXPECT_EQ(json.get("host").as_string(), "a2");
    EXPECT_EQ(json.get("parent").get("rank").as_integer(), 0);
    EXPECT_EQ(json.get("resources").get("cores").as_integer(), 3);
    EXPECT_EQ(json.get("key").as_string(), "0123abcd");
    EXPECT_FALSE(json.has("error"));
    const auto attempt = json.get("gates").get("attempts").items().at(0);
    EXPECT_EQ(attempt.get("gate").as_string(), "name");
    EXPECT_EQ(attempt.get("answered").as_string(), "no such name");
    EXPECT_EQ(attempt.get("took_us").as_integer(), 2000);
}

TEST(Report, OfAFailureSaysWhichAndKnowsNoMore) {
    Report report;
    report.error = Error{Kind::no_name, "the name\nnever appeared"};
    const auto json = written(report);
    EXPECT_EQ(json.get("error").get("code").as_integer(), 68);
    EXPECT_EQ(json.get("error").get("message").as_string(), "the name\nnever appeared");
    EXPECT_FALSE(json.has("rank") || json.has("gates") || json.has("key"));
}

TEST(Lives, AreCountedUnderOneSupervisor) {
    const WallTime now(seconds(2000));
    const auto lives = count_lives(lives_of(3, 1'000'000'000, "7@99"), "7@99", now);
    EXPECT_EQ(lives.count, 4);
    EXPECT_EQ(lives.first, WallTime(seconds(1000)));
    EXPECT_EQ(lives.supervisor, "7@99");
}

TEST(Lives, BeginAnewWhereTheOldOnesAreAnothers) {
    const WallTime now(seconds(2000));
    for (const auto& previous :
         {lives_of(3, 1, "8@99"), std::string(), std::string("{"), std::string("[]"),
          std::string(R"({"lives": 3})"),
          std::string(R"({"lives": {"count": "3", "first_wall_us": 1, "supervisor": "7@99"}})")}) {
        const auto lives = count_lives(previous, "7@99", now);
        EXPECT_EQ(lives.count, 1) << previous;
        EXPECT_EQ(lives.first, now) << previous;
    }
    EXPECT_EQ(count_lives(lives_of(3, 1, ""), "", now).count, 1) << "without muster-init";
}

TEST(Lives, AFileThatLiesDoesNoHarm) {
    const WallTime now(seconds(2000));
    EXPECT_EQ(count_lives(lives_of(-5, 1, "7@99"), "7@99", now).count, 1);
    const auto later = count_lives(lives_of(2, 9'000'000'000'000'000'000, "7@99"), "7@99", now);
    EXPECT_EQ(later.first, now);
    EXPECT_EQ(count_lives(lives_of(2, -7, "7@99"), "7@99", now).first, WallTime{});
}

TEST(Report, IsReplacedAsAWhole) {
    EXPECT_EQ(write_report("/proc/nonexistent/report.json", {}).error().kind, Kind::io);
}

}  // namespace
}  // namespace muster::bootstrap
