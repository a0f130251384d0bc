// SPDX-License-Identifier: Apache-2.0
#include "role.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace muster::init {
namespace {

TEST(RoleLine, Accepts) {
    EXPECT_EQ(parse_role("leader /run/muster/program.status").role, Role::leader);
    EXPECT_EQ(parse_role("leader /run/muster/program.status").path, "/run/muster/program.status");
    EXPECT_EQ(parse_role("leader /a b").path, "/a b");
    EXPECT_EQ(parse_role("follower").role, Role::follower);
    EXPECT_EQ(parse_role("follower").path, "");
    EXPECT_EQ(parse_role("follower /run/muster/leaving").path, "/run/muster/leaving");
    EXPECT_EQ(parse_role("leader " + std::string(PATH_MAX - 1, 'x')).role, Role::leader);
}

TEST(RoleLine, Rejects) {
    for (const std::string& line :
         {std::string(), std::string("leader"), std::string("leader "), std::string("follower "),
          std::string("Leader /x"), std::string("leaders /x"), std::string(" leader /x"),
          std::string("none"), std::string("leader\t/x"), std::string("leader /x\0y", 11),
          "leader " + std::string(PATH_MAX, 'x')}) {
        EXPECT_EQ(parse_role(line).role, Role::none) << line;
    }
}

/// A pipe with the agent's end in the test's hands.
struct Spoken {
    RolePipe pipe;
    int end = -1;

    Spoken() {
        EXPECT_EQ(pipe.open(), 0);
        end = dup(pipe.write_end());
        pipe.close_write_end();
    }
    ~Spoken() { hang_up(); }
    void say(const std::string& text) const {
        ASSERT_EQ(write(end, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void hang_up() {
        if (end >= 0) {
            close(end);
        }
        end = -1;
    }
};

TEST(RolePipe, TheWriteEndIsInheritedAndBlocksAndTheReadEndIsNeither) {
    RolePipe pipe;
    ASSERT_EQ(pipe.open(), 0);
    EXPECT_EQ(fcntl(pipe.write_end(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(fcntl(pipe.write_end(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(fcntl(pipe.read_end(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(fcntl(pipe.read_end(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(RolePipe, HearsALineInPieces) {
    Spoken agent;
    EXPECT_FALSE(agent.pipe.read());
    agent.say("leader /a");
    EXPECT_FALSE(agent.pipe.read());
    EXPECT_EQ(agent.pipe.role(), Role::none);
    agent.say("/b\n");
    EXPECT_TRUE(agent.pipe.read());
    EXPECT_EQ(agent.pipe.role(), Role::leader);
    EXPECT_STREQ(agent.pipe.path(), "/a/b");
    EXPECT_FALSE(agent.pipe.read()) << "known once only";
    EXPECT_GE(agent.pipe.read_end(), 0);
    agent.hang_up();
    EXPECT_FALSE(agent.pipe.read());
    EXPECT_EQ(agent.pipe.read_end(), -1);
    EXPECT_EQ(agent.pipe.role(), Role::leader) << "stays after the end of file";
}

TEST(RolePipe, EndOfFileWithoutALine) {
    Spoken agent;
    agent.say("leader /a");
    agent.hang_up();
    EXPECT_FALSE(agent.pipe.read());
    EXPECT_EQ(agent.pipe.role(), Role::none);
    EXPECT_EQ(agent.pipe.read_end(), -1);
}

TEST(RolePipe, OnlyTheFirstLineCounts) {
    Spoken agent;
    agent.say("follower\nleader /x\n");
    EXPECT_TRUE(agent.pipe.read());
    EXPECT_EQ(agent.pipe.role(), Role::follower);
    Spoken stranger;
    stranger.say("hello\nfollower\n");
    EXPECT_FALSE(stranger.pipe.read());
    EXPECT_EQ(stranger.pipe.role(), Role::none);
}

TEST(RolePipe, AStrangerWhoNeverStopsIsDrained) {
    Spoken stranger;
    const std::string much(60'000, 'x');
    for (int i = 0; i < 3; ++i) {
        stranger.say(much);  // blocks if nobody reads
        for (int j = 0; j < 8; ++j) {
            EXPECT_FALSE(stranger.pipe.read());
        }
    }
    stranger.say("\nfollower\n");
    EXPECT_FALSE(stranger.pipe.read());
    EXPECT_EQ(stranger.pipe.role(), Role::none);
}

TEST(RolePipe, EachLifeStartsAnew) {
    Spoken agent;
    agent.say("leader /x\n");
    ASSERT_TRUE(agent.pipe.read());
    ASSERT_EQ(agent.pipe.open(), 0);
    EXPECT_EQ(agent.pipe.role(), Role::none);
    EXPECT_STREQ(agent.pipe.path(), "");
    agent.pipe.close_write_end();
    EXPECT_FALSE(agent.pipe.read());
    EXPECT_EQ(agent.pipe.read_end(), -1);
}

}  // namespace
}  // namespace muster::init
