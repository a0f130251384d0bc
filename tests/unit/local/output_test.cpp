// SPDX-License-Identifier: Apache-2.0
#include "muster/local/output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace muster::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string read_some(const Fd& fd) {
    std::array<char, 1 << 16> buffer{};
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : "";
}

class OutputTest : public testing::Test {
  protected:
    OutputTest() : reactor_(Reactor::make(clock_).value()) { std::signal(SIGPIPE, SIG_IGN); }
    Output make(int out, int err) {
        return Output(reactor_, {.out = out, .err = err}, [this] { ++drained_; });
    }
    void turn() { reactor_.run(Deadline::after(clock_, milliseconds(1))); }

    SystemClock clock_;
    Reactor reactor_;
    int drained_ = 0;
};

TEST_F(OutputTest, TwoPipesAreTwoStreams) {
    const Pipe out = make_pipe().value();
    const Pipe err = make_pipe().value();
    Output output = make(out.write.get(), err.write.get());
    EXPECT_FALSE(output.shared());
    output.line(Stream::out, "to out");
    output.line(Stream::err, "to err");
    output.raw(Stream::out, "no newline");
    EXPECT_EQ(read_some(out.read), "to out\nno newline");
    EXPECT_EQ(read_some(err.read), "to err\n");
    EXPECT_TRUE(output.drained());
}

TEST_F(OutputTest, OneFileIsOneStreamWhoseLinesStayWhole) {
    const Pipe pipe = make_pipe().value();
    const Fd again(::fcntl(pipe.write.get(), F_DUPFD_CLOEXEC, 0));
    Output output = make(pipe.write.get(), again.get());
    EXPECT_TRUE(output.shared());
    const std::string long_line(300'000, 'x');  // more than the pipe holds
    output.line(Stream::out, long_line);
    output.line(Stream::err, "short");
    EXPECT_FALSE(output.drained());
    std::string all;
    while (all.size() < long_line.size() + 7) {
        all += read_some(pipe.read);
        turn();
    }
    EXPECT_EQ(all, long_line + "\nshort\n");
    EXPECT_TRUE(output.drained());
}

TEST_F(OutputTest, AReaderThatSleepsBlocksNobody) {
    const Pipe out = make_pipe().value();
    const Pipe err = make_pipe().value();
    Output output = make(out.write.get(), err.write.get());
    const std::string text(1000, 'x');
    while (!output.congested(Stream::out)) output.line(Stream::out, text);
    EXPECT_FALSE(output.congested(Stream::err));
    output.line(Stream::err, "still alive");
    EXPECT_EQ(read_some(err.read), "still alive\n");
    EXPECT_EQ(drained_, 0);
    ASSERT_TRUE(set_nonblocking(out.read.get(), true));
    for (int i = 0; i < 1000 && output.congested(Stream::out); ++i) {
        read_some(out.read);
        turn();
    }
    EXPECT_FALSE(output.congested(Stream::out));
    EXPECT_GE(drained_, 1) << "sources are told that they may go on";
}

TEST_F(OutputTest, AReaderThatLeavesBreaksItsStreamOnly) {
    Pipe out = make_pipe().value();
    const Pipe err = make_pipe().value();
    Output output = make(out.write.get(), err.write.get());
    out.read.reset();
    output.line(Stream::out, "to nobody");
    EXPECT_EQ(output.out_error(), EPIPE);
    output.line(Stream::out, "again");
    EXPECT_TRUE(output.drained());
    EXPECT_EQ(drained_, 1);
}

TEST_F(OutputTest, FilesAndNullNeverWait) {
    char path[] = "/tmp/muster-output-test-XXXXXX";
    const Fd file(::mkostemp(path, O_CLOEXEC));
    ASSERT_TRUE(file);
    ::unlink(path);
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    Output output = make(file.get(), null.get());
    const std::string text(1'000'000, 'y');
    output.line(Stream::out, text);
    output.line(Stream::err, text);
    EXPECT_TRUE(output.drained());
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 1'000'001);
}

TEST_F(OutputTest, AFullDiskIsBroken) {
    const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    Output output = make(full.get(), null.get());
    output.line(Stream::out, "x");
    EXPECT_EQ(output.out_error(), ENOSPC);
}

TEST_F(OutputTest, LostLinesOfOursAreNoLossOfTheProgramsOutput) {
    const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    Output output = make(full.get(), full.get());
    output.line(Stream::err, "muster: x");
    output.raw(Stream::out, "");
    EXPECT_EQ(output.out_error(), 0);
    output.raw(Stream::out, "x");
    EXPECT_EQ(output.out_error(), ENOSPC);
}

/// A pseudo terminal: what is written to `inner` is read from `outer`.
struct Terminal {
    Fd outer{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
    Fd inner;
    Terminal() {
        ::grantpt(outer.get());
        ::unlockpt(outer.get());
        inner = Fd(::open(::ptsname(outer.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    }
};

TEST_F(OutputTest, AStatusLineGivesWayToEveryOtherLine) {
    const Terminal terminal;
    Output output = make(terminal.inner.get(), terminal.inner.get());
    EXPECT_TRUE(output.out_is_terminal() && output.err_is_terminal() && output.shared());
    output.status("1 of 4");
    output.status("2 of 4");
    output.line(Stream::out, "text");
    output.line(Stream::err, "more");
    output.status("3 of 4");
    output.clear_status();
    output.clear_status();
    const std::string expected =
        "\r\x1b[K1 of 4\r\x1b[K2 of 4\r\x1b[Ktext\r\nmore\r\n\r\x1b[K3 of 4\r\x1b[K";
    std::string shown;  // a terminal hands it on in its own time
    for (int i = 0; i < 5000 && shown.size() < expected.size(); ++i) {
        shown += read_some(terminal.outer);
        turn();
    }
    EXPECT_EQ(shown, expected);
}

TEST_F(OutputTest, NoStatusWithoutATerminal) {
    const Pipe pipe = make_pipe().value();
    Output output = make(pipe.write.get(), pipe.write.get());
    output.status("1 of 4");
    output.line(Stream::err, "text");
    EXPECT_EQ(read_some(pipe.read), "text\n");
}

TEST(RankLabel, PlainAndColoured) {
    EXPECT_EQ(rank_label(12, false), "[12] ");
    EXPECT_EQ(rank_label(0, true), "\x1b[36m[0]\x1b[0m ");
    EXPECT_EQ(rank_label(7, true), "\x1b[33m[7]\x1b[0m ");
    EXPECT_NE(rank_label(1, true).substr(0, 5), rank_label(2, true).substr(0, 5));
}

}  // namespace
}  // namespace muster::local
