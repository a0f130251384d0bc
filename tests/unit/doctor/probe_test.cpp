// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/probe.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>

#include "muster/base/fd.hpp"
#include "scratch.hpp"

namespace muster::doctor {
namespace {

BrokerView in(std::string state) {
    BrokerView view;
    view.socket.state = Socket::State::open;
    view.uptime = Uptime{.state = std::move(state), .since = "1s", .size = 4};
    view.alive = true;
    return view;
}

bool passes(Probe probe, const BrokerView& view) {
    const auto outcome = judge_probe(probe, view);
    return outcome && outcome->passed();
}

TEST(ParseProbe, Names) {
    for (const auto which : {Probe::startup, Probe::ready, Probe::live})
        EXPECT_EQ(*parse_probe(format(which)), which);
    EXPECT_FALSE(parse_probe("").has_value());
    EXPECT_FALSE(parse_probe("liveness").has_value());
}

TEST(JudgeProbe, StartupOnceItHasJoined) {
    for (const auto* state : {"load-builtins", "join"})
        EXPECT_FALSE(passes(Probe::startup, in(state)));
    for (const auto* state : {"init", "quorum", "run", "cleanup", "finalize"})
        EXPECT_TRUE(passes(Probe::startup, in(state))) << state;
}

TEST(JudgeProbe, ReadyWhileItIsOnline) {
    for (const auto* state : {"join", "init", "cleanup", "shutdown"})
        EXPECT_FALSE(passes(Probe::ready, in(state))) << state;
    for (const auto* state : {"quorum", "run"})
        EXPECT_TRUE(passes(Probe::ready, in(state))) << state;
}

TEST(JudgeProbe, WithoutAnAnswer) {
    EXPECT_FALSE(passes(Probe::startup, BrokerView{}));
    auto leader_silent = in("run");
    leader_silent.uptime.reset();
    EXPECT_TRUE(passes(Probe::startup, leader_silent));
    EXPECT_FALSE(passes(Probe::ready, leader_silent));
}

TEST(ProbeLive, LeavesAPodAloneThatCouldNotBeAsked) {
    const Scratch scratch;
    bootstrap::Settings settings;
    settings.hosts = "m-0";
    settings.rank = 0;
    settings.dir = scratch / "";
    settings.flux = "/nope/flux";
    const auto path = bootstrap::Paths(settings.dir).socket;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
    const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // NOLINTNEXTLINE: the sockets interface's own cast
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    ASSERT_EQ(::bind(listener.get(), generic, sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    const auto outcome = probe(Probe::live, settings, {}, std::chrono::seconds(5), SystemClock());
    EXPECT_TRUE(outcome.passed());
    EXPECT_THAT(outcome.text, testing::HasSubstr("execute /nope/flux: not found"));
    const auto ready = probe(Probe::ready, settings, {}, std::chrono::seconds(5), SystemClock());
    ASSERT_FALSE(ready.passed());
    EXPECT_EQ(ready.error->kind, Kind::no_program);
}

}  // namespace
}  // namespace muster::doctor
