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

discovery::Passage passage(const std::vector<discovery::Attempt>& attempts) {
    discovery::Passage made;
    made.address = "10.0.0.1";
    made.questions = 3;
    for (const auto& attempt : attempts) made.attempts.add(attempt);
    return made;
}

/// "name 0+5, listener 5+20": the gates at which a report stood, with begin and length in ms.
std::string stood_at(const std::vector<discovery::Attempt>& attempts) {
    Report report;
    report.enter(Phase::name, {WallTime(seconds(7)), TimePoint(seconds(9))});
    report.pass_gates(passage(attempts));
    report.leave({WallTime(seconds(8)), TimePoint(seconds(10))});
    std::string text;
    for (const auto& [phase, begun, took] : report.phases) {
        EXPECT_EQ(begun.wall.time_since_epoch() - seconds(7),
                  begun.monotonic.time_since_epoch() - seconds(9));
        text += fmt::format("{}{} {}+{}", text.empty() ? "" : ", ", format(phase),
                            (begun.monotonic - TimePoint(seconds(9))) / milliseconds(1),
                            took / milliseconds(1));
    }
    return text;
}

using discovery::Gate;
discovery::Attempt failed(Gate gate, int begun) {
    return {gate, false, "", "", milliseconds(begun), milliseconds(5)};
}
discovery::Attempt passed(Gate gate, int begun) {
    return {gate, true, "", "", milliseconds(begun), milliseconds(5)};
}

TEST(Gates, StandOneAfterAnother) {
    EXPECT_EQ(stood_at({passed(Gate::name, 0), passed(Gate::address, 5), passed(Gate::listener, 10),
                        passed(Gate::curve, 15)}),
              "name 0+5, address 5+5, listener 10+5, curve 15+985");
}

TEST(Gates, TheOneThatFailsIsTheOneThatStands) {
    EXPECT_EQ(stood_at({failed(Gate::name, 0), failed(Gate::name, 100)}), "name 0+1000");
    EXPECT_EQ(stood_at({passed(Gate::name, 0), failed(Gate::listener, 10)}),
              "name 0+5, address 5+5, listener 10+990");
    EXPECT_EQ(stood_at({}), "name 0+1000");
}

TEST(Gates, ToPassAnEarlierOneAgainIsNoProgress) {
    EXPECT_EQ(
        stood_at({passed(Gate::name, 0), passed(Gate::address, 5), failed(Gate::listener, 10),
                  passed(Gate::name, 50), passed(Gate::address, 55), failed(Gate::listener, 60),
                  passed(Gate::listener, 110), passed(Gate::curve, 115)}),
        "name 0+5, address 5+5, listener 10+105, curve 115+885");
}

TEST(Gates, AnEarlierOneMayShutAgain) {
    EXPECT_EQ(stood_at({passed(Gate::name, 0), passed(Gate::address, 5), failed(Gate::curve, 20),
                        failed(Gate::name, 100), passed(Gate::name, 200)}),
              "name 0+5, address 5+5, listener 10+10, curve 20+80, name 100+105, address 205+795");
}

TEST(Gates, TimesThatRunBackwardsMakeNoNegativePhase) {
    EXPECT_EQ(stood_at({failed(Gate::curve, 500), failed(Gate::name, 100)}),
              "name 0+500, curve 500+0, name 500+500");
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
    const auto report = begin_report("1.2", clock);
    const auto after =
        clock.now();  // the kernel tells the start to a tick: it may be within this one
    ASSERT_EQ(report.phases.size(), 2u);
    EXPECT_EQ(report.phases[0].phase, Phase::start);
    EXPECT_LE(report.phases[0].begun.monotonic, after);
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
    report.enter(Phase::name, {});
    report.pass_gates(passage({{discovery::Gate::name, false, "a0 A", "no such name",
                                milliseconds(1), milliseconds(2)}}));
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
