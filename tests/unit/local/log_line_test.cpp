// SPDX-License-Identifier: Apache-2.0
#include "muster/local/log_line.hpp"

#include <gtest/gtest.h>

namespace muster::local {
namespace {

TEST(LogLine, Accepts) {
    struct Row {
        std::string_view line;
        Severity severity;
        std::string_view text;
    };
    const Row rows[] = {
        {"<6>broker.info[2]: rc1-success: init->quorum 0.3s", Severity::info,
         "broker.info[2]: rc1-success: init->quorum 0.3s"},
        {"<3>overlay.err[0]: bind: Address already in use", Severity::err,
         "overlay.err[0]: bind: Address already in use"},
        {"<2>broker.crit[up-1]: up-1 not found in hosts", Severity::crit,
         "broker.crit[up-1]: up-1 not found in hosts"},
        {"<4>job-manager.warning[0]: x", Severity::warning, "job-manager.warning[0]: x"},
        {"<7>sched-simple.debug[0]: ready", Severity::debug, "sched-simple.debug[0]: ready"},
        {"broker.err[1]: old brokers have no number", Severity::err,
         "broker.err[1]: old brokers have no number"},
        {"muster: info: text", Severity::info, "muster: info: text"},
        {"muster: error: text", Severity::err, "muster: error: text"},
        {"muster[3]: warning: text", Severity::warning, "muster[3]: warning: text"},
        {"muster[3]: debug: text", Severity::debug, "muster[3]: debug: text"},
        {"muster-init: cannot start", Severity::warning, "muster-init: cannot start"},
        {"muster-init: info: restarting: soon", Severity::info,
         "muster-init: info: restarting: soon"},
        {"muster-rehearsal: this is a rehearsal", Severity::info,
         "muster-rehearsal: this is a rehearsal"},
        {"muster-rehearsal: error: no", Severity::err, "muster-rehearsal: error: no"},
        {"muster: config: something of its own", Severity::warning,
         "muster: config: something of its own"},
    };
    for (const auto& row : rows) {
        const auto log = parse_log_line(row.line);
        ASSERT_TRUE(log) << row.line;
        EXPECT_EQ(log->severity, row.severity) << row.line;
        EXPECT_EQ(log->text, row.text) << row.line;
    }
}

TEST(LogLine, AProgramsOwnOutputIsNone) {
    for (const std::string_view line : {"",
                                        "hello",
                                        "<6>",
                                        "<6>hello",
                                        "<8>broker.info[0]: x",
                                        "<b>bold</b>",
                                        "broker.info: x",
                                        "broker.info[0]",
                                        "broker.info[]: x",
                                        "broker.loud[0]: x",
                                        "a b.info[0]: x",
                                        ".info[0]: x",
                                        "x.info[a b]: c",
                                        "muster",
                                        "muster:",
                                        "muster[",
                                        "muster[3",
                                        "musterX: y",
                                        "mustering: info: x",
                                        "task 0 of 4",
                                        "error: [0]: x",
                                        "muster makes sense: it does"})
        EXPECT_FALSE(parse_log_line(line)) << line;
}

TEST(LogLine, ABrokersLineBehindAProgramsUnfinishedOne) {
    EXPECT_EQ(find_broker_log("no end<3>broker.err[0]: rc2.0: x Exited (rc=1)"), 6u);
    EXPECT_EQ(find_broker_log("a < b <6> c <6>x <7>cron.debug[0]: y"), 17u);
    for (const std::string_view line :
         {"", "<6>broker.info[0]: at the beginning", "x<6>", "x<9>broker.info[0]: y",
          "x<6>broker.info[0]:y", "x <6 >broker.info[0]: y"})
        EXPECT_EQ(find_broker_log(line), std::string_view::npos) << line;
}

TEST(LabelledLine, Table) {
    struct Row {
        std::string_view line;
        bool labelled;
        unsigned task;
        std::string_view text;
    };
    const Row rows[] = {
        {"0: task 0 of 4", true, 0, "task 0 of 4"},
        {"12: ", true, 12, ""},
        {"3:", true, 3, ""},
        {"ƒVaVA4X: 3: task: 3", true, 3, "task: 3"},
        {"fVaVA4X: 10: x", true, 10, "x"},
        {"f1: 2:   indented", true, 2, "  indented"},
        {"text", false, 0, ""},
        {"", false, 0, ""},
        {"flux-job: 3 tasks failed", false, 0, ""},
        {"two words: 3: x", false, 0, ""},
        {"-1: x", false, 0, ""},
        {"99999999999: x", false, 0, ""},
        {"3x: y", false, 0, ""},
    };
    for (const auto& row : rows) {
        const auto labelled = parse_labelled_line(row.line);
        ASSERT_EQ(labelled.has_value(), row.labelled) << row.line;
        if (!labelled) continue;
        EXPECT_EQ(labelled->task, row.task) << row.line;
        EXPECT_EQ(labelled->text, row.text) << row.line;
    }
}

}  // namespace
}  // namespace muster::local
