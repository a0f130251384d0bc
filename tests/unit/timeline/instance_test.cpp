// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/instance.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "pods.hpp"

namespace muster::timeline {
namespace {

/// "s0.00-0.01 p0.01-0.02": the letters and times of a pod's spans.
std::string spans(const Pod& pod) {
    std::string text;
    for (const auto& span : pod.spans)
        text += fmt::format("{}{}{:.2f}-{:.2f}", text.empty() ? "" : " ", letter(span.stage),
                            span.begin, span.end);
    return text;
}

TEST(Assemble, PutsReportAndStatesTogether) {
    const auto timeline = assemble(four());
    EXPECT_EQ(timeline.size, 4u);
    EXPECT_EQ(timeline.zero, at(0));
    EXPECT_NEAR(timeline.formed.value(), 1.2, 1e-6);
    EXPECT_TRUE(timeline.notes.empty());
    ASSERT_EQ(timeline.pods.size(), 4u);
    EXPECT_EQ(spans(timeline.pods[0]),
              "s0.10-0.11 p0.11-0.12 b0.12-0.15 j0.15-0.15 i0.15-0.60 q0.60-1.20 =1.20-1.20");
    EXPECT_EQ(spans(timeline.pods[3]),
              "s0.00-0.01 p0.01-0.02 N0.02-0.14 K0.14-0.15 b0.15-0.20 j0.20-0.60 i0.60-1.10 "
              "q1.10-1.20 =1.20-1.20");
    EXPECT_NEAR(timeline.pods[3].online.value(), 1.1, 1e-6);
    EXPECT_EQ(timeline.pods[3].host, "pod-3");
    EXPECT_EQ(timeline.find(3), &timeline.pods[3]);
    EXPECT_EQ(timeline.find(4), nullptr);
}

TEST(Assemble, WhatRunsStillRunsUntilNow) {
    const auto timeline = assemble(four(), at(5));
    EXPECT_NEAR(timeline.end, 5.0, 1e-6);
    for (const auto& pod : timeline.pods) EXPECT_NEAR(pod.end(), 5.0, 1e-6);
    EXPECT_NEAR(assemble(four(), at(-100)).end, 1.2, 1e-6) << "a clock that is behind";
}

TEST(Assemble, OfNothingIsEmpty) {
    EXPECT_TRUE(assemble({}).pods.empty());
    EXPECT_TRUE(assemble({{3, Record{}}}).pods.empty());
}

TEST(Assemble, EndsWhenThePodEnded) {
    auto records = four();
    records[2].ended = at(3);
    records[2].code = 9;
    const auto timeline = assemble(records, at(10));
    EXPECT_NEAR(timeline.pods[2].end(), 3.0, 1e-6);
    EXPECT_NEAR(timeline.pods[1].end(), 10.0, 1e-6);
    EXPECT_EQ(timeline.pods[2].code, 9);
}

TEST(Assemble, PhasesOfOneStageAreOneSpan) {
    auto records = four();
    auto& phases = records[1].report->phases;
    phases.insert(phases.begin() + 1, {"plan", at(0.010003), secs(0.00000333)});
    std::size_t prepare = 0;
    const auto timeline = assemble(records);
    for (const auto& span : timeline.pods[1].spans)
        prepare += span.stage == Stage::prepare ? 1u : 0u;
    EXPECT_EQ(prepare, 1u);
}

TEST(Assemble, ShowsEarlierLives) {
    auto records = four();
    records[3].report->lives = 4;
    records[3].report->first_life = at(-2);
    const auto timeline = assemble(records);
    EXPECT_EQ(timeline.zero, at(-2));
    EXPECT_EQ(timeline.pods[3].spans[0].stage, Stage::earlier);
    EXPECT_NEAR(timeline.pods[3].spans[0].length(), 2.0, 1e-6);
}

TEST(Assemble, StatesOfAnEarlierLifeAreNotThisOnes) {
    auto records = four();
    records[3] = invent(3, {.start = 8.0, .states = states(0.2, 0.6, 1.1, 1.2)});
    const auto timeline = assemble(records);
    EXPECT_EQ(spans(timeline.pods[3]), "s8.00-8.01 p8.01-8.02 b8.02-8.02");
    EXPECT_FALSE(timeline.pods[3].online);
}

TEST(Assemble, APodWithoutAReportIsWhatWasSeenOfIt) {
    Records records;
    records[0].started = at(0);
    for (const auto& [name, entered] : states(0.2, 0.3, 0.4, 0.5))
        records[0].states.push_back({name, at(entered)});
    records[1].started = at(0.1);
    const auto timeline = assemble(records);
    EXPECT_EQ(spans(timeline.pods[0]), "s0.00-0.20 j0.20-0.30 i0.30-0.40 q0.40-0.50 =0.50-0.50");
    EXPECT_EQ(spans(timeline.pods[1]), "s0.10-0.50");
}

TEST(Assemble, ReportsAloneSaySo) {
    auto records = four();
    for (auto& [rank, record] : records) record.states.clear();
    const auto timeline = assemble(records);
    ASSERT_EQ(timeline.notes.size(), 1u);
    EXPECT_NE(timeline.notes[0].find("0-3"), std::string::npos);
}

TEST(Assemble, ABrokerWithoutAWordIsNotDrawnOn) {
    auto records = four();
    records[2].states.clear();
    EXPECT_EQ(spans(assemble(records).pods[2]),
              "s0.00-0.01 p0.01-0.02 N0.02-0.14 K0.14-0.15 b0.15-0.15");
    records[2].one_clock = true;
    EXPECT_NEAR(assemble(records).pods[2].end(), 1.2, 1e-6) << "it was watched all the time";
}

TEST(Assemble, AttemptsCountFromTheFirstGate) {
    auto records = four();
    records[3].report->attempts = {
        {.gate = "name", .passed = false, .answered = "no", .begun = secs(0.1), .took = secs(0.01)},
        {.gate = "nonsense", .begun = secs(0.1)}};
    const auto pod = assemble(records).pods[3];
    ASSERT_EQ(pod.attempts.size(), 1u);
    EXPECT_NEAR(pod.attempts[0].at, 0.12, 1e-6);
    EXPECT_EQ(pod.usual_failure(Stage::name), &pod.attempts[0]);
    EXPECT_EQ(pod.usual_failure(Stage::curve), nullptr);
}

TEST(Assemble, TheUsualFailureIsTheAnswerThatCameMostOften) {
    auto records = four();
    const auto failed = [](const std::string& answered) {
        return Report::Attempt{.gate = "name", .passed = false, .answered = answered};
    };
    records[3].report->attempts = {failed("NXDOMAIN"),
                                   failed("NXDOMAIN"),
                                   failed("no SRV record"),
                                   {.gate = "name", .passed = true, .answered = "10.0.0.1"}};
    EXPECT_EQ(assemble(records).pods[3].usual_failure(Stage::name)->answered, "NXDOMAIN");
    records[3].report->attempts = {failed("REFUSED"), failed("NXDOMAIN"), failed("NXDOMAIN")};
    EXPECT_EQ(assemble(records).pods[3].usual_failure(Stage::name)->answered, "NXDOMAIN");
    records[3].report->attempts = {failed("NXDOMAIN"), failed("no SRV record")};
    EXPECT_EQ(assemble(records).pods[3].usual_failure(Stage::name)->answered, "NXDOMAIN");
}

TEST(Stages, HaveLettersOfTheirOwn) {
    std::string letters;
    for (std::size_t i = 0; i < stage_count; ++i) {
        const auto stage = static_cast<Stage>(i);
        EXPECT_EQ(letters.find(letter(stage)), std::string::npos) << label(stage);
        letters += letter(stage);
        EXPECT_FALSE(label(stage).empty());
    }
}

}  // namespace
}  // namespace muster::timeline
