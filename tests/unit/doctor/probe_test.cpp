// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/probe.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace muster::doctor
