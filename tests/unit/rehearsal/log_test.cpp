// SPDX-License-Identifier: Apache-2.0
#include "broker_log.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace muster::rehearsal {
namespace {

TEST(BrokerLog, LocalForm) {
    EXPECT_EQ(format_local({Severity::info, "broker", 2, "online: a"}),
              "<6>broker.info[2]: online: a\n");
    EXPECT_EQ(format_local({Severity::err, "overlay", 0, "x"}), "<3>overlay.err[0]: x\n");
    EXPECT_EQ(format_local({Severity::crit, "overlay", 0, "x"}), "<2>overlay.crit[0]: x\n");
    EXPECT_EQ(format_local({Severity::warning, "heartbeat", 1, "x"}),
              "<4>heartbeat.warning[1]: x\n");
}

TEST(BrokerLog, LeaderForm) {
    // As in flux-broker.md: Nov 22 04:16:27.046489 UTC 2026
    const WallTime when{std::chrono::seconds(1795320987) + std::chrono::microseconds(46489)};
    EXPECT_EQ(format_leader({Severity::err, "resource", 0, "x"}, when),
              "Nov 22 04:16:27.046489 UTC 2026 resource.err[0]: x\n");
}

TEST(BrokerLog, DmesgForm) {
    const WallTime when{std::chrono::seconds(1795320987) + std::chrono::microseconds(46489)};
    EXPECT_EQ(format_dmesg({Severity::info, "broker", 3, "x"}, when),
              "2026-11-22T04:16:27.046489Z broker.info[3]: x\n");
}

std::string captured(const std::function<void()>& action) {
    testing::internal::CaptureStderr();
    action();
    return testing::internal::GetCapturedStderr();
}

TEST(BrokerLog, BeforeTheRankIsKnownTheHostSpeaks) {
    BrokerLog log("pod-3");
    EXPECT_EQ(captured([&] { log(Severity::crit, "broker", "no {}", "config"); }),
              "broker.crit[pod-3]: no config\n");
}

TEST(BrokerLog, LevelIsHonoured) {
    BrokerLog log("pod-3");
    log.configure(3, BrokerLog::Mode::local, 4);
    EXPECT_EQ(captured([&] { log(Severity::info, "broker", "x"); }), "");
    EXPECT_EQ(captured([&] { log(Severity::warning, "broker", "x"); }),
              "<4>broker.warning[3]: x\n");
}

TEST(BrokerLog, RemembersWhatItDidNotPrint) {
    BrokerLog log("pod-3");
    log(Severity::crit, "broker", "before the rank is known");
    log.configure(3, BrokerLog::Mode::local, 2);
    log(Severity::info, "broker", "first");
    EXPECT_THAT(log.dmesg(), testing::MatchesRegex("[^ ]+Z broker.info.3.: first\n"));
    for (int i = 0; i < 1024; ++i) log(Severity::debug, "broker", "more");
    EXPECT_THAT(log.dmesg(), testing::Not(testing::HasSubstr("first")));
    EXPECT_EQ(std::ranges::count(log.dmesg(), '\n'), 1024);
}

TEST(BrokerLog, FollowersSpeakThroughTheLeader) {
    BrokerLog log("pod-3");
    std::vector<LogRecord> sent;
    log.configure(3, BrokerLog::Mode::leader, 3);
    log.forward_with([&](const LogRecord& record) { sent.push_back(record); });
    EXPECT_EQ(captured([&] { log(Severity::err, "resource", "bad"); }), "");
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].rank, 3u);
    EXPECT_EQ(sent[0].text, "bad");
    log.forward_with(nullptr);
    EXPECT_THAT(captured([&] { log(Severity::err, "resource", "bad"); }),
                testing::EndsWith(" resource.err[3]: bad\n"));
}

}  // namespace
}  // namespace muster::rehearsal
