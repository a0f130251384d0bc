// SPDX-License-Identifier: Apache-2.0
#include "status_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace muster::init {
namespace {

TEST(ParseEnd, Accepts) {
    for (int code = 0; code < 256; ++code) {
        const auto end = parse_end("exit " + std::to_string(code) + "\n");
        ASSERT_TRUE(end.has_value()) << code;
        EXPECT_EQ(end->code(), code);
    }
    for (int signal = 1; signal <= 64; ++signal) {
        const auto end = parse_end("signal " + std::to_string(signal) + "\n");
        ASSERT_TRUE(end.has_value()) << signal;
        EXPECT_EQ(end->code(), 128 + signal);
    }
}

TEST(ParseEnd, Rejects) {
    for (const std::string_view text :
         {"", "\n", "exit", "exit ", "exit \n", "exit 3", "exit 256\n", "exit -1\n", "exit 3\n\n",
          "exit 3 \n", "exit  3\n", " exit 3\n", "Exit 3\n", "signal 0\n", "signal 65\n",
          "signal\n", "3\n", "exit 3\nexit 4\n", "               \n"}) {
        EXPECT_FALSE(parse_end(text).has_value()) << text;
    }
}

class StatusFiles : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "muster-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
        path_ = directory_ / "program.status";
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(directory_), {}));
    }
    std::string content() const {
        std::ostringstream text;
        text << std::ifstream(path_).rdbuf();
        return text.str();
    }

    std::filesystem::path directory_;
    std::filesystem::path path_;
};

TEST_F(StatusFiles, NothingIsThereUntilTheEnd) {
    StatusFile file;
    ASSERT_EQ(file.reserve(path_.c_str()), 0);
    EXPECT_EQ(files(), 1U);
    EXPECT_FALSE(read_end(path_.c_str()).has_value());
    ASSERT_EQ(file.record({.by_signal = false, .number = 3}), 0);
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(content(), "exit 3\n");
    EXPECT_EQ(read_end(path_.c_str())->code(), 3);
}

TEST_F(StatusFiles, ReplacesAnOldOne) {
    std::ofstream(path_) << "exit 0\n";
    StatusFile file;
    ASSERT_EQ(file.reserve(path_.c_str()), 0);
    EXPECT_EQ(content(), "exit 0\n");
    ASSERT_EQ(file.record({.by_signal = true, .number = 9}), 0);
    EXPECT_EQ(content(), "signal 9\n");
    EXPECT_EQ(read_end(path_.c_str())->code(), 137);
}

TEST_F(StatusFiles, ReserveSaysWhatIsWrong) {
    StatusFile file;
    EXPECT_EQ(file.reserve((directory_ / "no" / "file").c_str()), ENOENT);
    EXPECT_EQ(file.reserve(("/" + std::string(PATH_MAX, 'x')).c_str()), ENAMETOOLONG);
    EXPECT_EQ(file.reserve("/proc/program.status"), ENOENT);
    EXPECT_EQ(files(), 0U);
}

TEST_F(StatusFiles, AFullDiskIsSaidBeforeTheProgramRuns) {
    // Every write to /dev/full fails with ENOSPC; the temporary name is made to lead there.
    const std::string temporary = path_.string() + ".tmp." + std::to_string(getpid());
    std::filesystem::create_symlink("/dev/full", temporary);
    StatusFile file;
    EXPECT_EQ(file.reserve(path_.c_str()), ELOOP) << "a planted link is not followed";
}

TEST_F(StatusFiles, RecordFailsWhenTheDirectoryHasGone) {
    StatusFile file;
    ASSERT_EQ(file.reserve(path_.c_str()), 0);
    std::filesystem::remove_all(directory_);
    EXPECT_EQ(file.record({.by_signal = false, .number = 0}), ENOENT);
}

TEST_F(StatusFiles, ReadTakesNoStrangeFile) {
    EXPECT_FALSE(read_end(directory_.c_str()).has_value());
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    EXPECT_FALSE(read_end(path_.c_str()).has_value()) << "and does not wait for a FIFO's writer";
}

}  // namespace
}  // namespace muster::init
