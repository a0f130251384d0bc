// SPDX-License-Identifier: Apache-2.0
// Every row of what a broker can say, and the verdict.
#include <gmock/gmock.h>

#include "muster/doctor/broker.hpp"
#include "scratch.hpp"

namespace muster::doctor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

bootstrap::Plan plan_of(std::uint32_t rank) {
    bootstrap::Plan plan;
    plan.identity.rank = rank;
    plan.identity.size = plan.identity.max_size = 4;
    plan.identity.hosts = *Hostlist::parse("m-[0-3]");
    plan.paths = bootstrap::Paths("/run/muster");
    plan.quorum = 4;
    if (rank > 0) plan.parent = bootstrap::Parent{.rank = 0, .host = "m-0", .name = "m-0.f."};
    return plan;
}

BrokerView broker_in(std::string state, std::string overlay = "") {
    BrokerView view;
    view.socket.state = Socket::State::open;
    view.uptime = Uptime{.state = std::move(state), .since = "7s", .size = 4};
    view.alive = view.planned = true;
    view.overlay = *parse_overlay(overlay);
    return view;
}

constexpr const char* two_of_four =
    "0 m-0: partial\n├─ 1 m-1: full\n├─ 2 m-2: offline\n└─ 3 m-3: offline\n";

std::string said(const Step& step) {
    return step.passed() ? "ok: " + step.text
                         : fmt::format("{}: {}", exit_code(step.error->kind), step.error->message);
}

TEST(JudgeBroker, WhileItTakesPart) {
    EXPECT_EQ(said(judge_broker(broker_in("run"), plan_of(1))), "ok: run for 7s, size 4");
    auto some_missing = broker_in("run");
    some_missing.uptime->offline = 2;
    some_missing.uptime->drained = 1;
    EXPECT_EQ(said(judge_broker(some_missing, plan_of(0))),
              "ok: run for 7s, size 4, 2 offline, 1 drained");
    EXPECT_THAT(said(judge_broker(broker_in("cleanup"), plan_of(1))),
                HasSubstr("ok: cleanup for 7s: the instance is ending"));
}

TEST(JudgeBroker, WhileItWaitsForItsParent) {
    const auto text = said(judge_broker(broker_in("join"), plan_of(1)));
    EXPECT_THAT(text, HasSubstr("69: the broker is in state join for 7s"));
    EXPECT_THAT(text, HasSubstr("rank 0 (m-0) accepts our key and has not taken it"));
    EXPECT_THAT(said(judge_broker(broker_in("init"), plan_of(0))),
                HasSubstr("69: the broker is in state init for 7s"));
}

TEST(JudgeBroker, WhileTheInstanceWaitsForItsQuorum) {
    EXPECT_EQ(said(judge_broker(broker_in("quorum", two_of_four), plan_of(0))),
              "69: the instance waits for its quorum for 7s: 2 of 4 brokers are online, absent: "
              "ranks 2-3 (m-[2-3]); run muster check in their pods, or see why there is none");
    auto enough = plan_of(0);
    enough.quorum = 2;
    EXPECT_THAT(said(judge_broker(broker_in("quorum", two_of_four), enough)), HasSubstr("ok: "));
}

TEST(JudgeBroker, NamesTwoPodsWithOneRank) {
    auto view = broker_in("quorum", two_of_four);
    view.reconnects = {{1, 2}, {2, 1}};
    EXPECT_EQ(said(judge_broker(view, plan_of(0))),
              "69: the instance waits for its quorum for 7s: 2 of 4 brokers are online, absent: "
              "ranks 2-3 (m-[2-3]); run muster check in their pods, or see why there is none; rank "
              "1 (m-1) has come anew 2 times while it was there: two pods have this rank (the "
              "names and indices of the pods say which), or its broker crashes");
    EXPECT_THAT(notes_on_others(view, plan_of(0)), Not(Contains(HasSubstr("come anew"))));
    view.uptime->state = "run";
    EXPECT_THAT(notes_on_others(view, plan_of(0)),
                Contains(HasSubstr("rank 1 (m-1) has come anew 2 times")));
    EXPECT_THAT(notes_on_others(view, plan_of(0)), Not(Contains(HasSubstr("rank 2 (m-2) has"))));
}

TEST(JudgeBroker, ThatIsNotThere) {
    BrokerView view;
    view.path = "/run/muster/run/local";
    EXPECT_THAT(said(judge_broker(view, plan_of(1))),
                HasSubstr("69: no broker was started: there is nothing of muster run in "
                          "/run/muster"));
    view.planned = true;
    // Nobody has tried: it may be at its gates.
    EXPECT_EQ(said(judge_broker(view, plan_of(1))),
              "69: no broker runs in this pod: it waits for rank 0 (m-0), is being started, or has "
              "ended; muster check says whether rank 0 can be reached, the pod's log the rest");
    view.parent_reached = true;
    EXPECT_THAT(said(judge_broker(view, plan_of(1))),
                HasSubstr("69: no broker runs in this pod, though rank 0 (m-0) can be reached"));
    EXPECT_THAT(said(judge_broker(view, plan_of(0))), HasSubstr("though it waits for nobody"));
    view.program_status = "exit 3";
    EXPECT_THAT(said(judge_broker(view, plan_of(0))), HasSubstr("its program ended with exit 3"));
    view.explained = "it ran out of memory; give it more";
    EXPECT_EQ(said(judge_broker(view, plan_of(0))),
              "69: the broker has ended: it ran out of memory; give it more");
    view.run_failed = Error{Kind::config, "the name is wrong"};
    EXPECT_EQ(said(judge_broker(view, plan_of(0))),
              "78: muster run ended before it became a broker: the name is wrong");
    view.socket.state = Socket::State::refused;
    EXPECT_THAT(said(judge_broker(view, plan_of(1))),
                HasSubstr("69: the broker of this pod was killed"));
    view.socket.state = Socket::State::denied;
    EXPECT_THAT(said(judge_broker(view, plan_of(1))),
                HasSubstr("77: /run/muster/run/local may not be"));
}

TEST(JudgeBroker, ThatDoesNotAnswer) {
    auto view = broker_in("run");
    view.uptime.reset();
    view.complaint = "flux uptime: no answer in 1 s";
    const auto leader_silent = judge_broker(view, plan_of(1));
    EXPECT_THAT(said(leader_silent), HasSubstr("69: this pod's broker answers, but the leader"));
    EXPECT_THAT(leader_silent.evidence, ElementsAre("flux uptime: no answer in 1 s"));
    view.alive = false;
    EXPECT_THAT(said(judge_broker(view, plan_of(1))),
                HasSubstr("69: the broker runs but does not"));
}

TEST(JudgeBroker, ThatCouldNotBeAsked) {
    auto view = broker_in("run");
    view.uptime.reset();
    view.alive = false;
    view.not_asked = Error{Kind::no_program, "execute flux: not found"};
    EXPECT_EQ(said(judge_broker(view, plan_of(1))),
              "127: a broker runs in this pod, but flux could not be asked: execute flux: not "
              "found; name the flux program with --flux (MUSTER_FLUX)");
}

TEST(LookAtDirectory, WritableOrNot) {
    const Scratch scratch;
    EXPECT_TRUE(look_at_directory(bootstrap::Paths(scratch / "new/deeper")).passed());
    const auto there = look_at_directory(bootstrap::Paths("/proc/nope"));
    EXPECT_THAT(said(there), HasSubstr("73: write /proc: "));
    EXPECT_THAT(said(there), HasSubstr("needs /proc/nope writable and with room"));
}

TEST(LookAtBroker, FindsWhatItsEndLeftBehind) {
    const Scratch scratch;
    const bootstrap::Paths paths(scratch / "");
    scratch.file("broker.toml", "");
    scratch.file("program.status", "signal 9\n");
    scratch.file("explained", "because\n");
    scratch.file("report.json", R"({"error": {"code": 78, "message": "wrong"}})");
    scratch.file("leaving", "");
    const auto view = look_at_broker({"/nope", paths.socket, {}}, paths, Depth::instance,
                                     std::chrono::seconds(1), SystemClock());
    EXPECT_EQ(view.socket.state, Socket::State::absent);
    EXPECT_TRUE(view.planned && view.leaving);
    EXPECT_EQ(view.program_status, "signal 9");
    EXPECT_EQ(view.explained, "because");
    ASSERT_TRUE(view.run_failed.has_value());
    EXPECT_EQ(view.run_failed->kind, Kind::config);
    scratch.file("report.json", R"({"error": {"code": 12345, "message": "wrong"}})");
    EXPECT_FALSE(look_at_broker({"/nope", paths.socket, {}}, paths, Depth::state, {}, SystemClock())
                     .run_failed.has_value());
}

TEST(JudgeResources, AgainstR) {
    auto view = broker_in("run");
    EXPECT_EQ(said(judge_resources(view, 1, {2, 0}, false)), "ok: this pod may use 2 cores");
    view.r = resources::R{.nodes = {{0, "m-0", Idset::range(0, 3), {}},
                                    {1, "m-1", Idset::range(0, 3), Idset::range(0, 0)}}};
    EXPECT_EQ(said(judge_resources(view, 0, {4, 0}, false)),
              "ok: R gives this rank 4 cores, the pod may use 4 cores");
    EXPECT_THAT(said(judge_resources(view, 0, {8, 1}, false)), HasSubstr("ok: "));
    EXPECT_THAT(
        said(judge_resources(view, 1, {4, 0}, false)),
        HasSubstr("78: R gives rank 1 4 cores and 1 GPU, but this pod may use 4 cores only"));
    EXPECT_THAT(said(judge_resources(view, 0, {1, 0}, false)), HasSubstr("may use 1 core only"));
    EXPECT_THAT(said(judge_resources(view, 0, {1, 0}, true)), HasSubstr("ok: "));
}

TEST(JudgeResources, OfADrainedRank) {
    auto view = broker_in("run");
    view.r = resources::R{.nodes = {{1, "m-1", Idset::range(0, 3), {}}}};
    const auto drained = [&](const char* line) {
        view.resources = *parse_resource_status(line);
        return said(judge_resources(view, 1, {2, 0}, false));
    };
    EXPECT_THAT(
        drained("drained|1|missing resources: core[2-3]\n"),
        HasSubstr("78: rank 1 gets no jobs, Flux has drained it: missing resources: "
                  "core[2-3]; this pod may use 2 cores, R gives it 4 cores: give all pods"));
    EXPECT_THAT(drained("drained|1-2|disk is broken\n"),
                HasSubstr("78: rank 1 gets no jobs, it is drained: disk is broken; when that is "
                          "mended: flux resource undrain 1"));
    EXPECT_THAT(drained("draining|1|\n"), HasSubstr("drained: without a reason"));
    EXPECT_EQ(drained("draining|1|muster leave\n"), "ok: draining: this rank is leaving");
}

TEST(NotesOnOthers, WhoIsLostAbsentOrDrained) {
    auto plan = plan_of(0);
    plan.identity.size = 3;  // rank 3 may come or not
    auto view = broker_in("run",
                          "0 m-0: degraded\n├─ 1 m-1: lost lost connection\n├─ 2 m-2: offline\n"
                          "└─ 3 m-3: offline\n");
    view.resources = *parse_resource_status("avail|0|\ndrained|2-3|\ndrained|0|mine\n");
    EXPECT_THAT(notes_on_others(view, plan),
                ElementsAre("rank 1 (m-1) is lost: lost connection",
                            "rank 2 (m-2) never came: run muster check in its pod",
                            "ranks 2-3 (m-[2-3]) are drained: no reason given"));
    EXPECT_THAT(notes_on_others(broker_in("run", "0 m-0: full\n"), plan), IsEmpty());
}

}  // namespace
}  // namespace muster::doctor
