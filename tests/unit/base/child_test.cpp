// SPDX-License-Identifier: Apache-2.0
#include "muster/base/child.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "scratch.hpp"

namespace muster {
namespace {

Child::Options shell(std::string script) {
    return {.argv = {"/bin/sh", "-c", std::move(script)},
            .environment = std::nullopt,
            .descriptors = {},
            .directory = ""};
}

/// Standard output and the end of a command.
struct Outcome {
    std::string output;
    ExitStatus status;
};

Outcome run(Child::Options options) {
    auto pipe = make_pipe().value();
    options.descriptors.emplace_back(pipe.write.get(), STDOUT_FILENO);
    auto child = Child::spawn(options).value();
    pipe.write.reset();
    Outcome outcome;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::read(pipe.read.get(), buffer.data(), buffer.size())) > 0;)
        outcome.output.append(buffer.data(), static_cast<std::size_t>(count));
    outcome.status = child.wait();
    return outcome;
}

TEST(Child, EndsWithItsCodeOrSignal) {
    const auto code = run(shell("exit 7")).status;
    EXPECT_EQ(code.code, 7);
    EXPECT_EQ(code.signal, 0);
    EXPECT_EQ(code.shell_code(), 7);
    const auto killed = run(shell("kill -TERM $$")).status;
    EXPECT_EQ(killed.signal, SIGTERM);
    EXPECT_EQ(killed.shell_code(), 128 + SIGTERM);
}

TEST(Child, GetsItsArgumentsAsTheyAre) {
    const std::string odd = "a 'b' \"c\" $d\n\xc3\xa9";
    auto options = shell(R"(printf '<%s>' "$@")");
    options.argv.insert(options.argv.end(), {"sh", odd, "", "*"});
    EXPECT_EQ(run(options).output, "<" + odd + "><><*>");
}

TEST(Child, IsLookedUpInThePath) {
    EXPECT_EQ(run({.argv = {"echo", "x"},
                   .environment = std::nullopt,
                   .descriptors = {},
                   .directory = ""})
                  .output,
              "x\n");
}

TEST(Child, HasOursOrItsOwnEnvironment) {
    ::setenv("MUSTER_TEST_CHILD", "ours", 1);
    EXPECT_EQ(run(shell("echo $MUSTER_TEST_CHILD")).output, "ours\n");
    ::unsetenv("MUSTER_TEST_CHILD");
    auto options = shell("echo $A-$MUSTER_TEST_CHILD");
    options.environment = {"A=1"};
    EXPECT_EQ(run(options).output, "1-\n");
}

TEST(Child, StartsInItsDirectory) {
    const Scratch scratch;
    auto options = shell("pwd -P");
    options.directory = scratch / ".";
    const auto real = std::filesystem::canonical(scratch / ".").string();
    EXPECT_EQ(run(options).output, real + "\n");
}

TEST(Child, GetsOnlyTheDescriptorsThatItIsGiven) {
    const auto pipe = make_pipe().value();
    const auto script =
        fmt::format("[ -e /proc/self/fd/{} ] && echo leaked; exit 0", pipe.read.get());
    EXPECT_EQ(run(shell(script)).output, "");
}

TEST(Child, StartsWithDefaultSignals) {
    sigset_t block;
    sigset_t old;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &block, &old);
    ::signal(SIGINT, SIG_IGN);
    const auto outcome = run(shell("kill -TERM $$; echo survived"));
    const auto interrupted = run(shell("kill -INT $$; echo survived"));
    ::signal(SIGINT, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &old, nullptr);
    EXPECT_EQ(outcome.status.signal, SIGTERM);
    EXPECT_EQ(interrupted.status.signal, SIGINT);
}

TEST(Child, LeadsAGroupOfItsOwnWhenAsked) {
    auto options = shell("read x");
    auto input = make_pipe().value();
    options.descriptors = {{input.read.get(), STDIN_FILENO}};
    auto plain = Child::spawn(options).value();
    EXPECT_EQ(::getpgid(plain.pid()), ::getpgrp());
    options.new_group = true;
    auto leader = Child::spawn(options).value();
    EXPECT_EQ(::getpgid(leader.pid()), leader.pid());
    input.write.reset();
    plain.wait();
    leader.wait();
}

TEST(Child, IsPolledSignalledAndAwaited) {
    auto input = make_pipe().value();
    auto options = shell("read x");
    options.descriptors = {{input.read.get(), STDIN_FILENO}};
    auto child = Child::spawn(options).value();
    EXPECT_FALSE(child.poll());
    pollfd ready{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&ready, 1, 0), 0);
    child.signal(SIGKILL);
    EXPECT_EQ(::poll(&ready, 1, 10'000), 1);
    EXPECT_EQ(child.poll().value_or(ExitStatus{}).signal, SIGKILL);
    EXPECT_EQ(child.wait().signal, SIGKILL) << "the end is remembered";
    child.signal(SIGKILL);  // nobody: it has been reaped
    EXPECT_NE(::fcntl(child.pidfd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Child, SaysWhyItCannotStart) {
    const Scratch scratch;
    auto options = shell("");
    options.argv = {"muster-no-such-program"};
    const auto missing = Child::spawn(options);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, Kind::no_program);
    EXPECT_EQ(missing.error().message, "execute muster-no-such-program: not found");
    options.argv = {scratch.file("data", "no program", 0644)};
    const auto denied = Child::spawn(options);
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().kind, Kind::not_executable);
    EXPECT_THAT(denied.error().message, testing::HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace muster
