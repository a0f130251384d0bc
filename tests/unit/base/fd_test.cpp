// SPDX-License-Identifier: Apache-2.0
#include "muster/base/fd.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "scratch.hpp"

namespace muster {
namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(Fd, ClosesWhatItOwnsAndOnlyThat) {
    int raw = -1;
    {
        const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        raw = file.get();
        EXPECT_TRUE(file);
        EXPECT_TRUE(is_open(raw));
    }
    EXPECT_FALSE(is_open(raw));
    const Fd none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none.get(), -1);
}

TEST(Fd, MovesItsOwnership) {
    Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int raw = first.get();
    Fd second(std::move(first));
    EXPECT_EQ(second.get(), raw);
    Fd third(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int replaced = third.get();
    third = std::move(second);
    EXPECT_EQ(third.get(), raw);
    EXPECT_FALSE(is_open(replaced));
    auto& self = third;
    third = std::move(self);
    EXPECT_TRUE(is_open(raw));
    EXPECT_EQ(third.release(), raw);
    EXPECT_FALSE(third);
    EXPECT_TRUE(is_open(raw)) << "released, so still open";
    ::close(raw);
}

TEST(ReadFile, ReadsAllOrSaysWhy) {
    const Scratch scratch;
    const std::string large(100'000, 'x');
    EXPECT_EQ(read_file(scratch.file("large", large)).value(), large);
    EXPECT_EQ(read_file(scratch.file("empty", "")).value(), "");
    EXPECT_EQ(read_file(scratch.file("nul", std::string_view("a\0b", 3))).value().size(), 3u);

    const auto missing = read_file(scratch / "missing");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, Kind::io);
    EXPECT_EQ(missing.error().message,
              "read " + (scratch / "missing") + ": No such file or directory");
    EXPECT_THAT(read_file(scratch / ".").error().message, testing::HasSubstr("Is a directory"));
}

TEST(ReadFile, StopsAtItsLimit) {
    const Scratch scratch;
    const auto path = scratch.file("ten", "0123456789");
    EXPECT_TRUE(read_file(path, 10));
    const auto result = read_file(path, 9);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::malformed);
    EXPECT_EQ(result.error().message, "read " + path + ": longer than 9 bytes");
    EXPECT_FALSE(read_file("/dev/zero", 1000)) << "an endless file ends as well";
}

TEST(ReadRecord, WithoutTheNewlinesAtItsEnd) {
    const Scratch scratch;
    EXPECT_EQ(read_record(scratch.file("line", "exit 3\n"), 64), "exit 3");
    EXPECT_EQ(read_record(scratch.file("bare", "exit 3"), 64), "exit 3");
    EXPECT_EQ(read_record(scratch.file("lines", "\na\nb\n\n"), 64), "\na\nb");
    EXPECT_EQ(read_record(scratch.file("newlines", "\n\n"), 64), "");
}

TEST(ReadRecord, EmptyWhereThereIsNone) {
    const Scratch scratch;
    EXPECT_EQ(read_record(scratch / "missing", 64), "");
    EXPECT_EQ(read_record(scratch / ".", 64), "");
    EXPECT_EQ(read_record(scratch.file("ten", "0123456789"), 10), "0123456789");
    EXPECT_EQ(read_record(scratch.file("eleven", "0123456789\n"), 10), "") << "no part of it";
}

TEST(WriteAll, WritesOverShortWrites) {
    auto pipe = make_pipe().value();
    const std::string large(1 << 20, 'y');  // more than a pipe holds
    std::string received;
    std::jthread reader([&] {
        char buffer[4096];
        for (ssize_t count = 0; (count = ::read(pipe.read.get(), buffer, sizeof buffer)) > 0;)
            received.append(buffer, static_cast<std::size_t>(count));
    });
    EXPECT_TRUE(write_all(pipe.write.get(), large));
    pipe.write.reset();
    reader.join();
    EXPECT_EQ(received, large);
}

TEST(WriteAll, SaysWhyItCannot) {
    ::signal(SIGPIPE, SIG_IGN);
    auto pipe = make_pipe().value();
    pipe.read.reset();
    const auto written = write_all(pipe.write.get(), "x");
    ::signal(SIGPIPE, SIG_DFL);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, Kind::io);
    EXPECT_EQ(written.error().message, "write: Broken pipe");
    EXPECT_TRUE(write_all(-1, "")) << "nothing to write needs no descriptor";
    EXPECT_FALSE(write_all(-1, "x"));
}

TEST(Flags, AreSetAndCleared) {
    const auto pipe = make_pipe().value();
    const int fd = pipe.read.get();
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << "pipes are close-on-exec from birth";
    EXPECT_TRUE(set_close_on_exec(fd, false));
    EXPECT_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_TRUE(set_close_on_exec(fd, true));
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_TRUE(set_nonblocking(fd, true));
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_TRUE(set_nonblocking(fd, false));
    EXPECT_EQ(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_FALSE(set_nonblocking(-1, true));
    EXPECT_FALSE(set_close_on_exec(-1, true));
}

}  // namespace
}  // namespace muster
