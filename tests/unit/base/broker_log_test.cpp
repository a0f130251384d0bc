// SPDX-License-Identifier: Apache-2.0
#include "muster/base/broker_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace muster {
namespace {

TEST(BrokerLine, Accepts) {
    struct Row {
        std::string_view line;
        std::string_view origin;
        std::string_view module;
        int severity;
        std::string_view who;
        std::string_view message;
    };
    for (const auto& row : {
             Row{"overlay.err[1]: bind: no", "overlay.err[1]", "overlay", 3, "1", "bind: no"},
             Row{"broker.crit[up-1]: x", "broker.crit[up-1]", "broker", 2, "up-1", "x"},
             Row{"job-manager.warning[12]: ", "job-manager.warning[12]", "job-manager", 4, "12",
                 ""},
             Row{"sched-simple.debug[0]: a.err[1]: b", "sched-simple.debug[0]", "sched-simple", 7,
                 "0", "a.err[1]: b"},
             Row{"job_x.emerg[0]: x", "job_x.emerg[0]", "job_x", 0, "0", "x"},
         }) {
        const auto parsed = parse_broker_line(row.line);
        ASSERT_TRUE(parsed) << row.line;
        EXPECT_EQ(parsed->origin, row.origin);
        EXPECT_EQ(parsed->module, row.module);
        EXPECT_EQ(parsed->severity, row.severity);
        EXPECT_EQ(parsed->who, row.who);
        EXPECT_EQ(parsed->message, row.message);
    }
}

TEST(BrokerLine, Rejects) {
    for (const std::string_view line : {"",
                                        "x",
                                        "broker",
                                        "broker.",
                                        "broker.info",
                                        "broker.info[0]",
                                        "broker.info[0]:",
                                        "broker.info[0]:x",
                                        "broker.info[]: x",
                                        "broker.info: x",
                                        "broker.loud[0]: x",
                                        "broker.error[0]: x",
                                        ".info[0]: x",
                                        " broker.info[0]: x",
                                        "a b.info[0]: x",
                                        "x.info[a b]: c",
                                        "X.err[0]: upper case",
                                        "<6>broker.info[0]: x",
                                        "]: x",
                                        "[0]: x"})
        EXPECT_FALSE(parse_broker_line(line)) << line;
}

TEST(BrokerLine, IsFoundBehindATime) {
    EXPECT_EQ(find_broker_line("Nov 22 04:16:27.046489 UTC 2026 resource.err[0]: draining")->origin,
              "resource.err[0]");
    EXPECT_EQ(find_broker_line("broker.err[0]: a quoted broker.crit[1]: line")->severity, 3);
    EXPECT_EQ(find_broker_line("x.info[0]: y")->message, "y");
    for (const std::string_view line :
         {"", "no", "(broker.err[0]: in brackets)", "[x]: see broker.err[0]: y", " ]: "})
        EXPECT_FALSE(find_broker_line(line)) << line;
}

TEST(Priority, IsThatOfSystemd) {
    EXPECT_TRUE(has_priority("<6>x"));
    for (const std::string_view line : {"", "<6>", "<8>x", "6>x", "<b>x", "<66>x", " <6>x"})
        EXPECT_FALSE(has_priority(line)) << line;
}

TEST(BrokerStates, InTheirOrder) {
    const auto states = broker_states();
    const auto place = [&](std::string_view state) { return std::ranges::find(states, state); };
    EXPECT_EQ(states.front(), "none");
    EXPECT_EQ(states.back(), "exit");
    EXPECT_LT(place("join"), place("quorum"));
    EXPECT_LT(place("quorum"), place("run"));
    EXPECT_LT(place("run"), place("cleanup"));
}

TEST(Transition, Accepts) {
    const auto step =
        parse_transition("broker.info[12]: parent-ready: join->config-sync 0.305042s");
    ASSERT_TRUE(step);
    EXPECT_EQ(step->event, "parent-ready");
    EXPECT_EQ(step->from, "join");
    EXPECT_EQ(step->to, "config-sync");
    EXPECT_TRUE(parse_transition("broker.info[0]: start: none->join"));
}

TEST(Transition, Rejects) {
    for (const std::string_view line :
         {"broker.info[0]: online: up-[0-3] (ranks 0-3)", "cron.info[0]: a: join->run",
          "broker.info[0]: rc1.0: x->y Exited (rc=0) 0.3s", "broker.info[0]: join->run",
          "broker.info[0]: a: join-> run", "broker.err[0]: a: join->run",
          "broker.info[0]: a: nowhere->run", "broker.info[0]: a: run->nowhere",
          "broker.info[0]: : join->run",
          "broker.info[0]: ", "broker.info[0]: a:", "<6>broker.info[0]: a: join->run"})
        EXPECT_FALSE(parse_transition(line)) << line;
}

}  // namespace
}  // namespace muster
