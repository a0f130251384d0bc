// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/leave.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "muster/base/fd.hpp"
#include "scratch.hpp"

namespace muster::doctor {
namespace {

using testing::HasSubstr;
using testing::Not;

std::optional<Uptime> in(std::string state) {
    return Uptime{.state = std::move(state), .since = "1s", .size = 3};
}

LeaveProgress judge(const char* leader, const char* own, const char* lines) {
    return judge_leave(in(leader), in(own), *parse_resource_status(lines), 2);
}

TEST(JudgeLeave, WaitsWhileItsJobsRun) {
    EXPECT_EQ(judge("run", "run", "avail|0-1|\ndraining|2|muster leave\n"), LeaveProgress::waiting);
    EXPECT_EQ(judge("run", "run", ""), LeaveProgress::waiting);  // no answer says nothing
    EXPECT_EQ(judge_leave({}, {}, {}, 2), LeaveProgress::waiting);
}

TEST(JudgeLeave, IsDoneWhenNoJobIsLeft) {
    EXPECT_EQ(judge("run", "run", "avail|0-1|\ndrained|2|muster leave\n"), LeaveProgress::done);
    EXPECT_EQ(judge("run", "run", "avail|0-2|\n"), LeaveProgress::done);  // undrained by somebody
}

TEST(JudgeLeave, TheWholeInstanceEnds) {
    EXPECT_EQ(judge("cleanup", "run", "draining|2|muster leave\n"), LeaveProgress::ending);
    EXPECT_EQ(judge("run", "shutdown", "drained|2|muster leave\n"), LeaveProgress::ending);
    EXPECT_EQ(judge_leave({}, in("goodbye"), {}, 2), LeaveProgress::ending);
}

/// A flux that answers from files, and writes down what it is asked.
class WithFlux : public testing::Test {
  protected:
    void SetUp() override {
        scratch_.file("flux",
                      "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$@\" >> asked\n"
                      "case \"$1 $2\" in\n'overlay status') cat overlay;;\n"
                      "'resource status') cat status;;\n'uptime ') cat uptime;;\n"
                      "'exec -n') cat leader;;\n'resource drain') . ./drain;;\nesac\n",
                      0700);
        socket_ = scratch_ / "local";
        listener_ = listen_at(socket_);
    }
    std::string undrain(Duration patience = std::chrono::milliseconds(600)) {
        const Flux flux{scratch_ / "flux", socket_, {{"PATH", "/usr/bin:/bin"}}};
        const auto done = undrain_when_gone(flux, 1, patience, SystemClock());
        EXPECT_TRUE(done.has_value());
        return read_file(scratch_ / "asked").value_or("");
    }
    LeaveOutcome leave_rank_1() {
        scratch_.file("uptime", " 00:00:00 run 1s,  owner flux,  depth 0,  size 3\n");
        Pod pod;
        pod.flux = {scratch_ / "flux", socket_, {{"PATH", "/usr/bin:/bin"}}};
        pod.plan.identity.rank = 1;
        pod.plan.parent.emplace();
        pod.plan.paths.leaving = scratch_ / "leaving";
        return leave(pod, std::chrono::seconds(1), SystemClock());
    }
    static Fd listen_at(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(static_cast<char*>(address.sun_path), path.c_str(),
                     sizeof address.sun_path - 1);
        Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        // NOLINTNEXTLINE: the sockets interface's own cast
        EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(fd.get(), 50), 0);
        return fd;
    }

    Scratch scratch_;
    std::string socket_;
    Fd listener_;
};

TEST_F(WithFlux, UndrainsARankThatIsGone) {
    scratch_.file("overlay", "0 m-0: partial\n└─ 1 m-1: offline administrative shutdown\n");
    scratch_.file("status", "avail|0|\ndrained*|1|muster leave\n");
    EXPECT_THAT(undrain(std::chrono::seconds(20)), HasSubstr("resource undrain 1\n"));
}

TEST_F(WithFlux, NotWhileItIsThere) {
    scratch_.file("overlay", "0 m-0: full\n└─ 1 m-1: full\n");
    scratch_.file("status", "avail|0|\ndrained|1|muster leave\n");
    EXPECT_THAT(undrain(), Not(HasSubstr("undrain")));
}

TEST_F(WithFlux, NotWhatSomebodyElseHasDrained) {
    scratch_.file("overlay", "0 m-0: degraded\n└─ 1 m-1: lost lost connection\n");
    scratch_.file("status", "avail|0|\ndrained*|1|disk is broken\n");
    EXPECT_THAT(undrain(), Not(HasSubstr("undrain")));
}

TEST_F(WithFlux, GivesUpWithTheBroker) {
    listener_.reset();
    EXPECT_EQ(undrain(), "");
}

TEST_F(WithFlux, AnInstanceThatEndsWhileItAsksIsNoFailure) {
    scratch_.file("leader", "");
    scratch_.file("drain", "echo 'flux-resource: ERROR: Connection reset by peer' >&2\n"
                           "rm local\nexit 1\n");
    const auto outcome = leave_rank_1();
    EXPECT_EQ(outcome.what, LeaveOutcome::What::ending) << outcome.error->message;
    EXPECT_FALSE(read_file(scratch_ / "leaving").has_value()) << "the mark is taken back";
}

TEST_F(WithFlux, ALeaderThatAnswersAndRefusesIsOne) {
    scratch_.file("leader", " 00:00:00 run 1s,  owner flux,  depth 0,  size 3\n");
    scratch_.file("drain", "echo 'flux-resource: ERROR: Request requires owner' >&2\nexit 1\n");
    const auto outcome = leave_rank_1();
    EXPECT_EQ(outcome.what, LeaveOutcome::What::failed);
    ASSERT_TRUE(outcome.error);
    EXPECT_THAT(outcome.error->message, HasSubstr("Request requires owner"));
}

}  // namespace
}  // namespace muster::doctor
