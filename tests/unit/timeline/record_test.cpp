// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/record.hpp"

#include <gtest/gtest.h>

#include "muster/bootstrap/report.hpp"
#include "muster/timeline/format.hpp"
#include "pods.hpp"

namespace muster::timeline {
namespace {

/// A report as `muster run` writes it.
std::string written_report() {
    const std::vector<std::string> words{"--hosts=a[0-3]", "--rank=2", "--dir=/nonexistent"};
    const auto plan =
        bootstrap::make_plan(bootstrap::parse_command_line(words, {}).value().settings, {}, {})
            .value();
    bootstrap::Report report;
    report.lives.count = 3;
    report.lives.first = at(-5);
    report.enter(bootstrap::Phase::start, {at(1), TimePoint(secs(101))});
    report.enter(bootstrap::Phase::name, {at(2), TimePoint(secs(102))});
    discovery::Passage passage;
    passage.address = "10.0.0.1";
    passage.questions = 7;
    passage.attempts.add(
        {discovery::Gate::name, false, "a0.", "no such name", secs(0.5), secs(0.1)});
    report.pass_gates(passage);
    // The wall clock was set back by a minute meanwhile.
    report.enter(bootstrap::Phase::exec, {at(-57), TimePoint(secs(103))});
    report.describe(plan, {});
    report.lives = {.count = 3, .first = at(-70), .supervisor = "1@2"};
    report.error = Error{Kind::no_name, "it never came"};
    return format_report(report);
}

TEST(Report, IsReadAsItWasWritten) {
    const auto report = parse_report(json::Value::parse(written_report()).value());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->rank, 2u);
    EXPECT_EQ(report->size, 4u);
    EXPECT_EQ(report->host, "a2");
    EXPECT_EQ(report->parent, 0u);
    EXPECT_EQ(report->parent_address, "10.0.0.1");
    EXPECT_EQ(report->questions, 7);
    EXPECT_EQ(report->lives, 3);
    EXPECT_EQ(report->first_life, at(-70));
    EXPECT_EQ(report->error_code, 68);
    EXPECT_EQ(report->error, "it never came");
    ASSERT_EQ(report->attempts.size(), 1u);
    EXPECT_EQ(report->attempts[0].gate, "name");
    EXPECT_EQ(report->attempts[0].begun, secs(0.5));
    ASSERT_EQ(report->phases.size(), 3u);
    EXPECT_EQ(report->phases[2].begun, at(-57)) << "by the clock at the end";
    EXPECT_EQ(report->phases[0].begun, at(-59)) << "a step of the wall clock is no phase";
    EXPECT_EQ(report->phases[0].took, secs(1));
}

TEST(Report, OfOthersIsRefused) {
    for (const auto* text : {"[]", "{}", "3", "null", R"({"version": 2, "phases": []})",
                             R"({"version": 1, "phases": 3})", R"({"phases": []})"})
        EXPECT_EQ(parse_report(json::Value::parse(text).value()).error().kind, Kind::malformed)
            << text;
}

TEST(Report, NonsenseBecomesNothingWorse) {
    const auto report = parse_report(json::Value::parse(R"({"version": 1, "rank": -4, "size": 1e9,
        "host": 7, "parent": [], "lives": {"count": -9223372036854775808, "first_wall_us": "x"},
        "phases": [{"wall_us": 9223372036854775807, "monotonic_us": -9223372036854775808,
                    "took_us": 9223372036854775807}, 5],
        "gates": {"attempts": [null, {"gate": 3}], "questions": 9223372036854775807}})")
                                         .value());
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->rank || report->size || report->parent || report->first_life);
    EXPECT_EQ(report->lives, 1);
    EXPECT_EQ(report->phases.size(), 2u);
    EXPECT_GE(report->phases[0].took, Duration::zero());
}

TEST(AddText, TakesReportsLogsAndTimelines) {
    Records records;
    EXPECT_EQ(add_text(records, written_report()), 1u);
    EXPECT_EQ(add_text(records, "noise\n<6>broker.info[2]: a: join->init 1s\r\n\nnoise"), 1u);
    EXPECT_EQ(add_text(records, written_report() + written_report()), 2u) << "a line each";
    EXPECT_EQ(add_text(records, "nothing at all"), 0u);
    EXPECT_EQ(add_text(records, ""), 0u);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[2].steps.size(), 1u);
    EXPECT_TRUE(records[2].report);
}

TEST(AddText, TakesLabelsOff) {
    Records records;
    const auto found = add_text(records,
                                "7: 2026-11-23T02:49:32Z broker.info[7]: a: join->init 1s\n"
                                "no label\n"
                                "3: " +
                                    written_report() + "4: more\n",
                                true);
    EXPECT_EQ(found, 2u);
    EXPECT_TRUE(records[2].report) << "the report knows better than its label";
    EXPECT_TRUE(records[7].steps.at(0).at);
    EXPECT_EQ(records.size(), 2u);
}

TEST(AddText, AReportWithoutARankIsItsLabels) {
    Records records;
    const std::string failed =
        R"({"version": 1, "phases": [], "error": {"code": 78, "message": "x"}})";
    EXPECT_EQ(add_text(records, failed), 0u);
    EXPECT_EQ(add_text(records, "5: " + failed + "\n", true), 1u);
    EXPECT_EQ(records.at(5).report->error_code, 78);
}

TEST(AddText, ReadsBackWhatFormatJsonWrote) {
    Records records;
    add_text(records, written_report());
    records[0] = invent(0, {.start = 0, .states = states(0.1, 0.2, 0.3, 0.4)});
    records[0].report.reset();
    records[0].started = at(0);
    records[0].ended = at(9);
    records[0].code = 3;
    records[0].one_clock = true;
    const auto text = format_json(assemble(records), records);
    Records again;
    EXPECT_EQ(add_text(again, text), 2u);
    EXPECT_EQ(format_json(assemble(again), again), text);
    EXPECT_EQ(again.at(0).code, 3);
    EXPECT_TRUE(again.at(0).one_clock);
    EXPECT_EQ(again.at(2).report->host, "a2");
}

}  // namespace
}  // namespace muster::timeline
