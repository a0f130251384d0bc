// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/watched.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "muster/base/fd.hpp"
#include "pods.hpp"

namespace muster::timeline {
namespace {

class StoppedClock final : public Clock {
  public:
    TimePoint now() const override { return TimePoint(secs(100)); }
    WallTime wall() const override { return at(50); }
};

class Watched : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "muster-test-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::string directory_;
};

TEST_F(Watched, TimesBecomeWallTimes) {
    local::PodTimes pod;
    pod.directory = directory_;
    pod.started = TimePoint(secs(90));
    pod.states = {{"join", TimePoint(secs(91))}};
    pod.ended = TimePoint(secs(95));
    pod.code = 3;
    std::ofstream(directory_ + "/report.json") << R"({"version": 1, "rank": 0, "phases": []})";
    const auto records = watched(std::vector{pod, local::PodTimes{}}, StoppedClock());
    ASSERT_EQ(records.size(), 2u);
    const auto& record = records.at(0);
    EXPECT_EQ(record.started, at(40));
    EXPECT_EQ(record.states.at(0).entered, at(41));
    EXPECT_EQ(record.ended, at(45));
    EXPECT_EQ(record.code, 3);
    EXPECT_TRUE(record.one_clock && record.report);
    EXPECT_FALSE(records.at(1).report || records.at(1).started || records.at(1).code);
}

TEST_F(Watched, ADamagedReportIsNone) {
    local::PodTimes pod;
    pod.directory = directory_;
    for (const auto* text : {"", "{", "[]", "{}"}) {
        std::ofstream(directory_ + "/report.json") << text;
        EXPECT_FALSE(watched(std::vector{pod}, StoppedClock()).at(0).report) << text;
    }
}

TEST_F(Watched, TheEndingSaysWhatIsWritten) {
    const auto html = directory_ + "/t.html", json = directory_ + "/t.json";
    const auto drawn = assemble(four());
    ASSERT_TRUE(write_timeline(html, drawn, four()));
    ASSERT_TRUE(write_timeline(json, drawn, four(),
                               json::Value::object().set("code", json::Value::integer(3))));
    EXPECT_EQ(read_file(html).value().find("<!DOCTYPE html>"), 0u);
    EXPECT_EQ(json::Value::parse(read_file(json).value()).value().get("code").as_integer(), 3);
    const auto wrong = write_timeline(directory_ + "/t.png", drawn, four());
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, Kind::usage);
    EXPECT_EQ(write_timeline("/proc/nonexistent/t.json", drawn, four()).error().kind, Kind::io);
}

}  // namespace
}  // namespace muster::timeline
