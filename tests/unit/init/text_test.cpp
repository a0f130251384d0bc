// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <climits>
#include <string>

namespace muster::init {
namespace {

TEST(Duration, Accepts) {
    const std::pair<std::string_view, long> rows[] = {
        {"25", 25'000},
        {"25s", 25'000},
        {"1", 1'000},
        {"0.5", 500},
        {".5s", 500},
        {"5.", 5'000},
        {"500ms", 500},
        {"1ms", 1},
        {"2m", 120'000},
        {"1.5m", 90'000},
        {"1h", 3'600'000},
        {"7d", 604'800'000},
        {"0.001", 1},
        {"168h", 604'800'000},
        {"604800", 604'800'000},
        {"1.0000000009", 1'000},
        {"007", 7'000},
    };
    for (const auto& [text, millis] : rows) {
        const auto duration = parse_duration(text);
        ASSERT_TRUE(duration.has_value()) << text;
        EXPECT_EQ(duration->count(), millis) << text;
    }
}

TEST(Duration, Rejects) {
    for (const std::string_view text : {"",
                                        " ",
                                        "s",
                                        "ms",
                                        ".",
                                        ".s",
                                        "0",
                                        "0s",
                                        "0.0001",
                                        "-1",
                                        "+1",
                                        "1 s",
                                        " 1",
                                        "1 ",
                                        "1S",
                                        "1sec",
                                        "1,5",
                                        "1e3",
                                        "0x10",
                                        "inf",
                                        "infinity",
                                        "nan",
                                        "7.1d",
                                        "8d",
                                        "604801",
                                        "99999999999999999999",
                                        "9223372036854775807d",
                                        "1.5.5",
                                        "1ms1",
                                        "tcp://10.0.0.1:8050"}) {
        EXPECT_FALSE(parse_duration(text).has_value()) << text;
    }
    EXPECT_FALSE(parse_duration(std::string_view("1\0", 2)).has_value());
}

TEST(Number, IsDigitsUpToItsMaximum) {
    EXPECT_EQ(parse_number("0", 255), 0);
    EXPECT_EQ(parse_number("255", 255), 255);
    EXPECT_EQ(parse_number("012", 255), 12);
    EXPECT_EQ(parse_number("999999999", INT_MAX), 999'999'999);
    for (const std::string_view text :
         {"", "256", "-1", "+1", "1 ", " 1", "1a", "1000000000", "\n"}) {
        EXPECT_FALSE(parse_number(text, 255).has_value()) << text;
    }
}

TEST(Line, BuildsText) {
    Line line;
    EXPECT_TRUE(line.empty());
    line << "a " << std::string_view("bc", 1) << " " << 0 << " " << -7 << " " << LONG_MAX << " "
         << LONG_MIN << " " << Millis(1'550) << " " << Millis(99);
    EXPECT_EQ(line.view(), "a b 0 -7 9223372036854775807 -9223372036854775808 1.5 s 0.0 s");
    EXPECT_STREQ(line.c_str(), std::string(line.view()).c_str());
    line.clear();
    EXPECT_TRUE(line.empty());
    EXPECT_STREQ(line.c_str(), "");
}

TEST(Line, CutsWhatDoesNotFit) {
    Line line;
    line << std::string(5'000, 'x') << "y";
    EXPECT_EQ(line.view(), std::string(1'023, 'x'));
    EXPECT_EQ(line.c_str()[1'023], '\0');
}

TEST(SignalName, NamesAllOfThem) {
    EXPECT_EQ(signal_name(SIGTERM).view(), "SIGTERM");
    EXPECT_EQ(signal_name(SIGHUP).view(), "SIGHUP");
    EXPECT_EQ(signal_name(40).view(), "signal 40");
    EXPECT_EQ(signal_name(0).view(), "signal 0");
}

TEST(ErrorText, AlwaysSaysSomething) {
    EXPECT_STREQ(error_text(ENOENT), "No such file or directory");
    EXPECT_STREQ(error_text(123'456), "unknown error");
}

/// say() writes to descriptor 2, which these tests replace.
class Say : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(pipe2(ends_, O_NONBLOCK | O_CLOEXEC), 0);
        before_ = dup(STDERR_FILENO);
        dup2(ends_[1], STDERR_FILENO);
    }
    void TearDown() override {
        dup2(before_, STDERR_FILENO);
        for (const int fd : {before_, ends_[0], ends_[1]}) {
            close(fd);
        }
    }
    std::string heard() const {
        std::string text(70'000, '\0');
        const ssize_t got = read(ends_[0], text.data(), text.size());
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

    int ends_[2]{};
    int before_ = -1;
};

TEST_F(Say, WritesOneLine) {
    say(Line() << "rank " << 3);
    EXPECT_EQ(heard(), "muster-init: rank 3\n");
}

TEST_F(Say, EndsEvenTheLongestLine) {
    say(Line() << std::string(5'000, 'x'));
    EXPECT_EQ(heard(), ("muster-init: " + std::string(5'000, 'x')).substr(0, 1'023) + "\n");
}

TEST_F(Say, DropsWhatAFullPipeCannotTake) {
    fcntl(ends_[1], F_SETFL, 0);  // a blocking write to the full pipe would hang here
    fcntl(ends_[1], F_SETPIPE_SZ, 4096);
    ASSERT_EQ(write(ends_[1], std::string(4096, 'f').data(), 4096), 4096);
    say(Line() << "lost");
    EXPECT_EQ(heard(), std::string(4096, 'f'));
}

TEST_F(Say, MakesNoSignalWhenNobodyReads) {
    close(ends_[0]);
    say(Line() << "lost");  // SIGPIPE would end this test
    ends_[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace
}  // namespace muster::init
