// SPDX-License-Identifier: Apache-2.0
#include "decide.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <vector>

namespace muster::init {
namespace {

constexpr Millis long_enough{60'000};

struct Row {
    const char* name;
    Life life;
    int code;
    bool again = false;
    bool explain = false;
};

void expect_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        const Verdict verdict = decide(row.life);
        EXPECT_EQ(verdict.code, row.code) << row.name;
        EXPECT_EQ(verdict.again, row.again) << row.name;
        EXPECT_EQ(verdict.explain, row.explain) << row.name;
    }
}

TEST(Decide, APlainProgramsCodeIsOurs) {
    for (int code = 0; code < 256; ++code) {
        const Verdict verdict = decide({.code = code, .recorded = {}});
        EXPECT_EQ(verdict.code, code);
        EXPECT_FALSE(verdict.again || verdict.explain);
    }
    // Also when it was stopped: an agent that ends in its gates, a server that ends well.
    EXPECT_EQ(decide({.code = 0, .recorded = {}, .stop = SIGTERM, .forwarded = true}).code, 0);
    EXPECT_EQ(decide({.code = 143, .recorded = {}, .stop = SIGTERM, .forwarded = true}).code, 143);
}

Life leader(int code, std::optional<End> recorded, int stop = 0) {
    return {.role = Role::leader,
            .code = code,
            .recorded = recorded,
            .stop = stop,
            .forwarded = stop != 0,
            .lasted = long_enough};
}

TEST(Decide, Leader) {
    constexpr End good{.by_signal = false, .number = 0};
    constexpr End three{.by_signal = false, .number = 3};
    constexpr End killed{.by_signal = true, .number = SIGKILL};
    expect_rows({
        {"in order", leader(0, good), 0},
        {"without a program", leader(0, {}), 0},
        {"program failed", leader(3, three), 3, false, true},
        {"program failed, broker says 0", leader(0, three), 3, false, true},
        {"program killed", leader(137, killed), 137, false, true},
        {"program well, rc3 failed", leader(1, good), 0},
        {"broker killed after the program", leader(137, good), 0},
        {"broker failed", leader(1, {}), 1, false, true},
        {"broker killed", leader(137, {}), 137, false, true},
        {"stopped before quorum, says 0", leader(0, {}, SIGTERM), 143},
        {"stopped in run", leader(129, {}, SIGTERM), 143},
        {"stopped by INT", leader(0, {}, SIGINT), 130},
        {"stopped by HUP", leader(0, {}, SIGHUP), 129},
        {"stopped, program ended well", leader(129, good, SIGTERM), 0},
        {"stopped, program failed", leader(129, three, SIGTERM), 3},
        {"stopped, program killed", leader(137, killed, SIGTERM), 137},
        {"stopped and killed by us", leader(137, {}, SIGTERM), 143},
    });
}

Life follower(int code, Millis lasted = long_enough, int short_lives = 0) {
    return {.role = Role::follower,
            .code = code,
            .recorded = {},
            .lasted = lasted,
            .short_lives = short_lives};
}

Life stopped(int code, bool forwarded, int stop = SIGTERM) {
    Life life = follower(code);
    life.stop = stop;
    life.forwarded = forwarded;
    return life;
}

Life rejoining(Life life) {
    life.on_end = OnEnd::rejoin;
    return life;
}

TEST(Decide, Follower) {
    expect_rows({
        {"in order", follower(0), 0},
        {"in order, rejoin", rejoining(follower(0)), 0, true},
        {"failed", follower(1), 1, true, true},
        {"killed", follower(137), 137, true, true},
        {"failed, rejoin", rejoining(follower(1)), 1, true, true},
        {"no broker to execute", follower(127), 127, false, true},
        {"broker not executable", follower(126), 126, false, true},
        {"stopped, in order within the hold", stopped(0, false), 0},
        {"stopped, failed within the hold", stopped(1, false), 1},
        {"stopped and told, says 0", stopped(0, true), 143},
        {"stopped and told, says 1", stopped(1, true), 143},
        {"stopped by INT", stopped(0, true, SIGINT), 130},
        {"stopped, rejoin", rejoining(stopped(0, false)), 0},
        {"ninth short life", follower(1, Millis(9'999), 8), 1, true, true},
        {"tenth short life", follower(1, Millis(9'999), 9), 1, false, true},
        {"a long one after nine", follower(1, Millis(10'000), 9), 1, true, true},
    });
}

TEST(Decide, CountsShortLivesInARow) {
    EXPECT_EQ(decide(follower(1, Millis(0), 0)).short_lives, 1);
    EXPECT_EQ(decide(follower(1, Millis(9'999), 4)).short_lives, 5);
    EXPECT_EQ(decide(follower(1, Millis(10'000), 4)).short_lives, 0);
    EXPECT_EQ(decide(rejoining(follower(0, Millis(0), 4))).short_lives, 0);
}

TEST(Decide, TenShortLivesAndNoMore) {
    int lives = 1;
    Verdict verdict = decide(follower(1, Millis(5), 0));
    while (verdict.again) {
        ++lives;
        verdict = decide(follower(1, Millis(5), verdict.short_lives));
    }
    EXPECT_EQ(lives, 10);
}

TEST(Pause, DoublesWithinItsBounds) {
    const std::pair<int, long> longest[] = {{0, 200},   {1, 200},   {2, 400},
                                            {3, 800},   {4, 1'600}, {5, 3'200},
                                            {6, 5'000}, {9, 5'000}, {1'000'000, 5'000}};
    for (const auto& [lives, millis] : longest) {
        for (unsigned random = 0; random < 6'000; random += 7) {
            const long pause = pause_before_next(lives, random).count();
            EXPECT_GE(pause, millis / 2);
            EXPECT_LE(pause, millis);
        }
        EXPECT_EQ(pause_before_next(lives, 0).count(), millis / 2);
        EXPECT_EQ(pause_before_next(lives, static_cast<unsigned>(millis / 2)).count(), millis);
    }
}

TEST(Pause, Jitters) {
    std::set<long> seen;
    for (unsigned random = 0; random < 1'000; ++random) {
        seen.insert(pause_before_next(9, random * 2654435761U).count());
    }
    EXPECT_GT(seen.size(), 500U);
}

}  // namespace
}  // namespace muster::init
