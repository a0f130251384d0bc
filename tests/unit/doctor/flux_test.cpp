// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/flux.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "muster/base/fd.hpp"

namespace muster::doctor {
namespace {

using testing::HasSubstr;

Answer shell(const std::string& script, Duration limit = std::chrono::seconds(20)) {
    const Flux flux{"/bin/sh", "/x/local", {{"PATH", "/usr/bin:/bin"}, {"MUSTER_RANK", "3"}}};
    return ask(flux, Command{"-c", script}, limit, SystemClock());
}

TEST(Ask, TellsOutputErrorsAndCode) {
    const auto answer = shell("echo out; echo err >&2; exit 3");
    EXPECT_EQ(answer.outcome, Answer::Outcome::ended);
    EXPECT_EQ(answer.code, 3);
    EXPECT_EQ(answer.out, "out\n");
    EXPECT_EQ(answer.err, "err\n");
    EXPECT_FALSE(answer.ok());
    EXPECT_TRUE(shell("true").ok());
    EXPECT_EQ(shell("kill -9 $$").code, 137);
}

TEST(Ask, TheBrokersSocketAndNothingOfMusters) {
    EXPECT_EQ(shell("echo $FLUX_URI $MUSTER_RANK $HOME").out, "local:///x/local /\n");
}

TEST(Ask, ManyTogetherInTheirOrder) {
    const Flux flux{"/bin/sh", "/x", {}};
    const std::vector<Command> commands{{"-c", "echo 0"}, {"-c", "exit 4"}, {"-c", "echo 2"}};
    const auto answers = ask(flux, commands, std::chrono::seconds(20), SystemClock());
    EXPECT_EQ(answers[0].out, "0\n");
    EXPECT_EQ(answers[1].code, 4);
    EXPECT_EQ(answers[2].out, "2\n");
}

TEST(Ask, KeepsWhatWasSaidBeforeTheLimit) {
    const auto answer = shell("echo early; exec sleep 600", std::chrono::milliseconds(300));
    EXPECT_EQ(answer.outcome, Answer::Outcome::timed_out);
    EXPECT_EQ(answer.complaint({"uptime"}, std::chrono::seconds(1)),
              "flux uptime: no answer in 1 s");
}

TEST(Ask, TellsTheBusyFromTheWaiting) {
    EXPECT_TRUE(shell("while :; do :; done", std::chrono::milliseconds(200)).at_work);
    bool waits = false;  // on a busy machine it may not get so far at once
    for (int i = 0; i < 50 && !waits; ++i)
        waits = !shell("exec sleep 600", std::chrono::milliseconds(200)).at_work;
    EXPECT_TRUE(waits);
}

TEST(Ask, AProgramThatIsNotThere) {
    const auto answer = ask(Flux{"/nope/flux", "/x", {}}, Command{"uptime"},
                            std::chrono::seconds(20), SystemClock());
    EXPECT_EQ(answer.outcome, Answer::Outcome::not_started);
    EXPECT_EQ(answer.reason, Kind::no_program);
    EXPECT_THAT(answer.complaint({"uptime"}, {}), HasSubstr("/nope/flux"));
}

TEST(Ask, MuchOutput) {
    EXPECT_EQ(shell("head -c 3000000 /dev/zero").out.size(), 3'000'000u);
}

TEST(Complaint, FirstLineOrCode) {
    EXPECT_EQ(shell("echo a >&2; echo b >&2; exit 1").complaint({"x"}, {}), "a");
    EXPECT_EQ(shell("exit 5").complaint({"overlay", "status"}, {}),
              "flux overlay status: exit code 5");
}

TEST(LookAtSocket, AbsentOpenRefused) {
    const auto path = std::filesystem::temp_directory_path() / fmt::format("doctor-{}", ::getpid());
    EXPECT_EQ(look_at_socket(path).state, Socket::State::absent);
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(static_cast<char*>(address.sun_path), path.c_str(),
                     sizeof address.sun_path - 1);
        const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        // NOLINTNEXTLINE: the sockets interface's own cast
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        ASSERT_EQ(::bind(listener.get(), generic, sizeof address), 0);
        ASSERT_EQ(::listen(listener.get(), 1), 0);
        const auto open = look_at_socket(path);
        EXPECT_EQ(open.state, Socket::State::open);
        EXPECT_EQ(open.listener, ::getpid());
    }
    EXPECT_EQ(look_at_socket(path).state, Socket::State::refused);
    std::filesystem::remove(path);
    EXPECT_EQ(look_at_socket(std::string(200, 'x')).state, Socket::State::absent);
}

}  // namespace
}  // namespace muster::doctor
