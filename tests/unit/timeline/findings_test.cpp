// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pods.hpp"

namespace muster::timeline {
namespace {

using testing::ElementsAre;

std::vector<std::string> causes(const Records& records, std::optional<WallTime> now = {}) {
    std::vector<std::string> texts;
    for (const auto& finding : find_causes(assemble(records, now))) {
        EXPECT_EQ(finding.briefs.size(),
                  finding.failure && !finding.stage ? 0 : finding.ranks.size());
        texts.push_back((finding.failure ? "! " : "") + finding.text);
    }
    return texts;
}

/// A follower whose gate took `wait`, everything after it in time.
Record waiter(std::uint32_t rank, const std::string& gate, double wait, const char* answered) {
    const double base = 0.02 + wait;
    auto record =
        invent(rank, {.gates = {{gate, wait}},
                      .states = states(base + 0.05, std::max(0.6, base + 0.1),
                                       std::max(1.1, base + 0.6), std::max(1.2, base + 0.7)),
                      .attempts = {{.gate = gate, .passed = false, .answered = answered}}});
    record.report->questions = 41;
    record.report->dials = 12;
    record.report->handshakes = 1;
    record.report->parent_address = "10.0.0.1";
    return record;
}

/// The others wait in quorum for the last one.
Records four_with(Record last) {
    auto records = four();
    const auto run = last.states.back().entered;
    for (auto& [rank, record] : records) record.states.back().entered = run;
    records[3] = std::move(last);
    return records;
}

TEST(Findings, NoneWhereNothingStandsOut) {
    EXPECT_THAT(causes(four()), ElementsAre());
    EXPECT_EQ(headline(assemble(four())), "4 brokers formed in 1.20 s");
}

TEST(Findings, AWaitNamesGateAnswerAndTries) {
    const std::string parent = "rank 0 (pod-0)";
    EXPECT_THAT(causes(four_with(waiter(3, "name", 4.35, "no such name"))),
                ElementsAre("rank 3 (pod-3) waited 4.22 s for the name of " + parent +
                            ": no such name, 41 questions"));
    EXPECT_THAT(causes(four_with(waiter(3, "address", 4.35, "no answer"))),
                ElementsAre("rank 3 (pod-3) waited 4.22 s for an answer from " + parent +
                            " at 10.0.0.1: no answer, 12 dials"));
    EXPECT_THAT(causes(four_with(waiter(3, "listener", 4.35, "connection refused"))),
                ElementsAre("rank 3 (pod-3) waited 4.22 s for " + parent +
                            " to listen at 10.0.0.1: connection refused, 12 dials"));
    EXPECT_THAT(causes(four_with(waiter(3, "curve", 4.35, "another key"))),
                ElementsAre("rank 3 (pod-3) waited 4.22 s for " + parent +
                            " at 10.0.0.1 to accept its key: another key, 1 handshake"));
}

TEST(Findings, PodsThatWaitedAlikeAreOne) {
    Records records;
    records[0] = invent(0, {.states = states(0.05, 0.05, 0.5, 31)});
    for (std::uint32_t rank = 1; rank < 200; ++rank)
        records[rank] = waiter(rank, "name", rank < 100 ? 30.0 : 29.0, "no such name");
    EXPECT_THAT(causes(records), ElementsAre("ranks 1-199 waited 29.0 s to 30.0 s for the name of "
                                             "rank 0 (pod-0): no such name, 41 questions"));
}

TEST(Findings, AFollowerIsNotSlowWhenItsParentWas) {
    Records records;
    records[0] = invent(0, {.start = 4, .states = states(4.05, 4.05, 4.5, 5.2)});
    for (const std::uint32_t rank : {1u, 2u, 3u})
        records[rank] = invent(
            rank, {.start = 0, .gates = {{"name", 4.06}}, .states = states(4.1, 4.5, 5.1, 5.2)});
    EXPECT_THAT(
        causes(records),
        ElementsAre("rank 0 (pod-0) started 4.00 s after the first pod; 3 pods waited for it"));
}

TEST(Findings, APodThatStartsLateIsLate) {
    const auto late =
        invent(3, {.start = 5, .gates = {{"name", 0.01}}, .states = states(5.1, 5.2, 5.6, 5.7)});
    EXPECT_THAT(causes(four_with(late)),
                ElementsAre("rank 3 (pod-3) started 5.00 s after the first pod"));
}

TEST(Findings, ALoadThatWasWatchedIsNoLateStart) {
    auto slow =
        invent(3, {.start = 4, .gates = {{"name", 0.01}}, .states = states(4.1, 4.2, 4.6, 4.7)});
    slow.started = at(0.01);
    EXPECT_THAT(causes(four_with(slow)),
                ElementsAre("rank 3 (pod-3) took 3.99 s longer than the others for the process to "
                            "load (a slow disk or image?)"));
}

TEST(Findings, PodsThatAreCreatedOneAfterAnotherAreNotLate) {
    Records records;
    records[0] = invent(0, {.states = states(0.05, 0.05, 0.5, 11)});
    for (std::uint32_t rank = 1; rank < 100; ++rank) {
        const double start = 0.1 * rank;
        records[rank] = invent(rank, {.start = start,
                                      .gates = {{"name", 0.01}},
                                      .states = states(start + 0.1, start + 0.6, start + 1.0, 11)});
    }
    EXPECT_THAT(causes(records), ElementsAre());
}

TEST(Findings, SlowWorkIsComparedWithTheOthers) {
    auto slow = invent(3, {.gates = {{"name", 0.12}}, .states = states(0.2, 0.6, 5.1, 5.2)});
    EXPECT_THAT(causes(four_with(slow)),
                ElementsAre("rank 3 (pod-3) took 4.00 s longer than the others for rc1"));
    slow = invent(
        3, {.gates = {{"name", 0.12}}, .states = states(3.2, 3.6, 4.1, 4.2), .prepare = 1.5});
    const auto texts = causes(four_with(slow));
    ASSERT_EQ(texts.size(), 2u) << "loading, and plan and files";
    EXPECT_NE(texts[0].find("longer than the others for the process to load"), std::string::npos);
}

TEST(Findings, WhatIsNotKnownIsNotSlow) {
    Records records;
    records[0] = invent(0, {});
    for (const std::uint32_t rank : {1u, 2u, 3u})
        records[rank] = invent(rank, {.gates = {{"name", 3.8}}});
    for (const auto& text : causes(records))
        EXPECT_EQ(text.find("the broker to begin"), std::string::npos) << text;
    records[0].states = {{"join", at(1)}, {"init", at(1)}, {"quorum", at(2)}, {"run", at(5)}};
    for (const auto& text : causes(records))
        EXPECT_EQ(text.find("than the others"), std::string::npos) << text;
}

TEST(Findings, JoinIsTheParentsUntilItsRc1IsOver) {
    const auto late = invent(3, {.gates = {{"name", 0.12}}, .states = states(0.2, 3.6, 4.1, 4.2)});
    EXPECT_THAT(
        causes(four_with(late)),
        ElementsAre(
            "rank 3 (pod-3) waited 3.00 s for rank 0 (pod-0) to take it in, after its rc1"));
}

TEST(Findings, LivesAreCounted) {
    auto records = four();
    records[3].report->lives = 3;
    records[3].report->first_life = at(-4);
    EXPECT_THAT(causes(records), ElementsAre("rank 3 (pod-3) was restarted 2 times: its last life "
                                             "began 4.00 s after its first"));
}

TEST(Findings, FailuresComeFirst) {
    auto records = four_with(waiter(2, "name", 4.35, "no such name"));
    records[2] = records[3];
    records[3] = waiter(3, "name", 9, "no such name");
    records[3].states.clear();
    records[3].report->phases.pop_back();
    records[3].report->error_code = 68;
    records[3].report->error = "the name never came";
    const auto texts = causes(records);
    ASSERT_EQ(texts.size(), 2u);
    EXPECT_EQ(texts[0],
              "! rank 3 (pod-3) gave up after 9.02 s (exit code 68): the name never came");
}

TEST(Findings, WhoIsMissingIsSaid) {
    auto records = four();
    records.erase(2);
    EXPECT_THAT(causes(records),
                ElementsAre("! nothing is known of rank 2: not there, or out of reach"));
}

TEST(Findings, WhoIsNotOnlineYetIsSaid) {
    auto records = four();
    for (auto& [rank, record] : records) record.states.pop_back();
    records[3] = invent(3, {.gates = {{"name", 0.12}}, .states = {{"join", 0.2}}});
    const auto timeline = assemble(records, at(7));
    EXPECT_EQ(headline(timeline), "3 of 4 brokers online after 7.00 s, not formed");
    const auto texts = causes(records, at(7));
    ASSERT_FALSE(texts.empty());
    EXPECT_EQ(texts[0], "! rank 3 is not online after 7.00 s (join: waits for its parent's rc1)");
}

TEST(Findings, WhoEndedEarlyIsSaid) {
    auto records = four();
    records[3] = invent(3, {.gates = {{"name", 0.12}}, .states = {{"join", 0.2}}});
    records[3].ended = at(1);
    records[3].code = 76;
    const auto texts = causes(records);
    ASSERT_FALSE(texts.empty());
    EXPECT_EQ(texts[0], "! rank 3 (pod-3) ended with exit code 76 before it was online");
}

TEST(Findings, ScatteredRanksAreCounted) {
    Records records;
    records[0] = invent(0, {.states = states(0.05, 0.05, 0.5, 31)});
    for (std::uint32_t rank = 1; rank < 200; ++rank)
        records[rank] = waiter(rank, "name", rank % 2 == 1 ? 30.0 + (rank == 77 ? 1 : 0) : 0.01,
                               "no such name");
    for (auto& [rank, record] : records) record.states.back().entered = at(32);
    const auto texts = causes(records);
    ASSERT_EQ(texts.size(), 1u);
    EXPECT_EQ(texts[0].find("100 pods (rank 77 most of all) waited"), 0u) << texts[0];
}

TEST(Findings, OfNothing) {
    EXPECT_THAT(find_causes(assemble({})), testing::IsEmpty());
    EXPECT_EQ(headline(assemble({})), "nothing is known of any pod");
}

TEST(FormatSeconds, IsShort) {
    const std::vector<std::pair<double, const char*>> rows{
        {0, "0 ms"},       {0.0004, "0 ms"},   {0.0123, "12 ms"},   {0.0999, "100 ms"},
        {0.314, "310 ms"}, {0.9999, "1.00 s"}, {4.2, "4.20 s"},     {9.999, "10.0 s"},
        {42.25, "42.2 s"}, {100, "100 s"},     {725, "12 min 5 s"}, {7260, "2 h 1 min"}};
    for (const auto& [seconds, text] : rows) EXPECT_EQ(format_seconds(seconds), text) << seconds;
}

}  // namespace
}  // namespace muster::timeline
