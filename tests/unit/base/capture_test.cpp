// SPDX-License-Identifier: Apache-2.0
#include "muster/base/capture.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>

#include "scratch.hpp"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Child::Options shell(std::string script) {
    return {.argv = {"/bin/sh", "-c", std::move(script)}};
}

Result<Captured> run(std::string script, Duration limit = seconds(20),
                     const CaptureOptions& options = {}) {
    const SystemClock clock;
    return capture(shell(std::move(script)), Deadline::after(clock, limit), clock, options);
}

TEST(Capture, OutputsApartAndTheEnd) {
    const auto said = run("echo out; echo err >&2; exit 3").value();
    EXPECT_EQ(said.out, "out\n");
    EXPECT_EQ(said.err, "err\n");
    EXPECT_EQ(said.status.value().code, 3);
    EXPECT_EQ(run("kill -9 $$").value().status.value().shell_code(), 137);
}

TEST(Capture, NoInput) {
    EXPECT_EQ(run("cat; echo end").value().out, "end\n");
}

TEST(Capture, ManyTogetherInTheirOrder) {
    // Each waits for the other's file: one after the other they would never end.
    const Scratch scratch;
    const auto meet = [&](const std::string& mine, const std::string& other) {
        return shell(": > " + (scratch / mine) + "; until [ -e " + (scratch / other) +
                     " ]; do :; done; echo " + mine);
    };
    const std::vector<Child::Options> commands{
        meet("a", "b"), {.argv = {"/nope/program"}}, meet("b", "a")};
    const SystemClock clock;
    const auto said = capture(commands, Deadline::after(clock, seconds(20)), clock);
    ASSERT_EQ(said.size(), 3u);
    EXPECT_EQ(said[0].value().out, "a\n");
    ASSERT_FALSE(said[1]);
    EXPECT_EQ(said[1].error().kind, Kind::no_program);
    EXPECT_THAT(said[1].error().message, HasSubstr("/nope/program"));
    EXPECT_EQ(said[2].value().out, "b\n");
    EXPECT_TRUE(capture(std::span<const Child::Options>(), Deadline::never(), clock).empty());
}

TEST(Capture, SaysThatItTakesLong) {
    const Scratch scratch;
    std::vector<Duration> said;
    const auto say = [&](Duration waited) {
        said.push_back(waited);
        if (said.size() == 2) {
            EXPECT_EQ(::symlink("x", (scratch / "said").c_str()), 0);
        }
    };
    const auto soon = [](std::size_t index) -> Duration {
        return index < 2 ? milliseconds(5) * (index + 1) : std::chrono::hours(1);
    };
    ASSERT_TRUE(run("until [ -L " + (scratch / "said") + " ]; do :; done", seconds(20),
                    {.on_wait = say, .moment = soon}));
    EXPECT_EQ(said, (std::vector<Duration>{milliseconds(5), milliseconds(10)}));
    const auto late = [](std::size_t) -> Duration { return std::chrono::hours(1); };
    ASSERT_TRUE(run("true", seconds(20), {.on_wait = say, .moment = late}));
    EXPECT_EQ(said.size(), 2u);
}

TEST(Capture, KeepsWhatWasSaidBeforeTheDeadline) {
    const Scratch scratch;
    const auto fifo = scratch / "never";
    const auto said =
        run("echo early; mkfifo " + fifo + "; read line < " + fifo, seconds(2)).value();
    EXPECT_EQ(said.out, "early\n");
    EXPECT_FALSE(said.status);
}

TEST(Capture, KillsTheWholeGroupAndTellsBefore) {
    // Everything below has the pipe's end, and it ends when they all have.
    auto pipe = make_pipe().value();
    ASSERT_TRUE(set_close_on_exec(pipe.write.get(), false));
    int told = 0;
    const CaptureOptions options{.before_kill = [&](std::size_t place, pid_t pid) {
        EXPECT_EQ(place, 0u);
        EXPECT_EQ(::kill(pid, 0), 0) << "told while it still runs";
        ++told;
    }};
    EXPECT_FALSE(run("sleep 600 & wait", milliseconds(300), options).value().status);
    EXPECT_EQ(told, 1);
    pipe.write.reset();
    char byte = 0;
    EXPECT_EQ(::read(pipe.read.get(), &byte, 1), 0);
    const CaptureOptions not_told{.before_kill = [](std::size_t, pid_t) { ADD_FAILURE(); }};
    EXPECT_TRUE(run("true", seconds(20), not_told).value().status);
}

TEST(Capture, EndsAtTheDeadlineAlsoWhenTheOutputsAreClosed) {
    EXPECT_FALSE(run("exec >&- 2>&-; exec sleep 600", milliseconds(300)).value().status);
}

TEST(Capture, EndsAtTheDeadlineAlsoWhenOnlyAnOutputIsLeft) {
    const auto said = run("sleep 600 & echo $!", seconds(2)).value();
    EXPECT_EQ(said.status.value().code, 0) << "the command itself has ended";
    ::kill(std::stoi(said.out), SIGKILL);
}

TEST(Capture, KeepsNoMoreThanWanted) {
    const auto said = run("head -c 3000000 /dev/zero; head -c 300000 /dev/zero >&2; exit 5",
                          seconds(20), {.most_out = 1'000'000, .most_err = 10})
                          .value();
    EXPECT_EQ(said.out.size(), 1'000'000u);
    EXPECT_EQ(said.err.size(), 10u);
    EXPECT_EQ(said.status.value().code, 5) << "the rest is read, so that it can end";
    EXPECT_EQ(run("head -c 3000000 /dev/zero").value().out.size(), 3'000'000u);
}

}  // namespace
}  // namespace muster
