// SPDX-License-Identifier: Apache-2.0
#include "task.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "muster/base/atomic_file.hpp"
#include "tasks.hpp"

namespace muster::rehearsal {
namespace {

class Directory {
  public:
    Directory() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
    ~Directory() { std::filesystem::remove_all(path_); }
    std::string put(const std::string& name, const std::string& text, mode_t mode) const {
        const auto file = path_ + '/' + name;
        EXPECT_TRUE(write_file(file, text, mode).has_value());
        ::chmod(file.c_str(), mode);
        return file;
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_ = "/tmp/rehearsal-test-XXXXXX";
};

TEST(LineBuffer, GivesWholeLines) {
    LineBuffer buffer;
    EXPECT_EQ(buffer.add("a"), "");
    EXPECT_EQ(buffer.add("b\nc"), "ab\n");
    EXPECT_EQ(buffer.add("\n\nd"), "c\n\n");
    EXPECT_EQ(buffer.take_rest(), "d");
    EXPECT_EQ(buffer.take_rest(), "");
}

TEST(LineBuffer, DoesNotHoldAnEndlessLine) {
    LineBuffer buffer;
    EXPECT_EQ(buffer.add(std::string(LineBuffer::longest - 1, 'x')), "");
    EXPECT_EQ(buffer.add("xy").size(), LineBuffer::longest + 1);
}

RC_GTEST_PROP(LineBuffer, LosesNothing, (const std::vector<std::string>& pieces)) {
    LineBuffer buffer;
    std::string in;
    std::string out;
    for (const auto& piece : pieces) {
        in += piece;
        const auto lines = buffer.add(piece);
        if (!lines.empty()) RC_ASSERT(lines.back() == '\n');
        out += lines;
    }
    RC_ASSERT(out + buffer.take_rest() == in);
}

TEST(FindProgram, FollowsPath) {
    const Directory directory;
    const auto tool = directory.put("tool", "#!/bin/sh\n", 0755);
    directory.put("text", "x", 0644);
    std::filesystem::create_directory(directory.path() + "/folder");
    EXPECT_EQ(find_program("tool", "/nope:" + directory.path() + ":/bin", "/"), tool);
    EXPECT_EQ(find_program("tool", "/nope", "/"), std::nullopt);
    EXPECT_EQ(find_program("tool", "", directory.path()), "./tool");  // an empty part is "."
    EXPECT_EQ(find_program("tool", "/nope:", directory.path()), "./tool");
    EXPECT_EQ(find_program("text", directory.path(), "/"), std::nullopt);
    EXPECT_EQ(find_program("folder", directory.path(), "/"), std::nullopt);
    EXPECT_EQ(find_program("", directory.path(), "/"), std::nullopt);
    EXPECT_EQ(find_program("./x", "/nope", "/"), "./x");
}

/// A task run to its end.
struct Ran {
    std::string out;
    std::string err;
    std::optional<ExitStatus> status;
};

class TaskRun : public testing::Test {
  protected:
    Result<std::unique_ptr<Task>> start(TaskPlan plan) {
        return Task::start(reactor_, plan,
                           {.on_output =
                                [this](Task::Stream stream, const std::string& text) {
                                    (stream == Task::Stream::out ? ran_.out : ran_.err) += text;
                                },
                            .on_end =
                                [this](ExitStatus status) {
                                    ran_.status = status;
                                    reactor_.stop();
                                }});
    }
    Ran run(std::vector<std::string> argv) {
        auto task = start({std::move(argv), {"PATH=/usr/bin:/bin", "X=y"}, "/"});
        EXPECT_TRUE(task.has_value());
        reactor_.run(Deadline::after(clock_, std::chrono::seconds(20)));
        return ran_;
    }

    SystemClock clock_;
    Reactor reactor_ = *Reactor::make(clock_);
    Ran ran_;
};

TEST_F(TaskRun, StreamsAndCode) {
    const auto ran = run({"sh", "-c", "echo $X; pwd; printf rest; echo oops >&2; exit 3"});
    EXPECT_EQ(ran.out, "y\n/\nrest");
    EXPECT_EQ(ran.err, "oops\n");
    ASSERT_TRUE(ran.status.has_value());
    EXPECT_EQ(ran.status->shell_code(), 3);
}

TEST_F(TaskRun, SeesItsNameAsItWasCalled) {
    EXPECT_EQ(run({"sh", "-c", "echo $0; test -t 0 || cat"}).out, "sh\n");
}

TEST_F(TaskRun, ArgumentsArriveByteForByte) {
    EXPECT_EQ(
        run({"printf", "%s|", "a  b", "\"q\" $HOME `x`", "new\nline", "\xff\xfe", "é", ""}).out,
        "a  b|\"q\" $HOME `x`|new\nline|\xff\xfe|é||");
}

TEST_F(TaskRun, ASignalIsItsEnd) {
    EXPECT_EQ(run({"sh", "-c", "kill -9 $$"}).status->shell_code(), 137);
}

TEST_F(TaskRun, SignalsReachTheWholeGroup) {
    auto task = start({{"sh", "-c", "sleep 60 & echo up; wait"}, {"PATH=/usr/bin:/bin"}, "/"});
    ASSERT_TRUE(task.has_value());
    while (ran_.out.empty()) reactor_.run(Deadline::after(clock_, std::chrono::milliseconds(20)));
    (*task)->signal(SIGTERM);
    reactor_.run(Deadline::after(clock_, std::chrono::seconds(20)));
    // Its end waits for the output to end: the child in the background must be gone too.
    ASSERT_TRUE(ran_.status.has_value());
    EXPECT_EQ(ran_.status->signal, SIGTERM);
}

TEST_F(TaskRun, AKilledTaskDoesNotWaitForWhoEscaped) {
    const Directory directory;
    const auto note = directory.path() + "/pid";
    auto task = start({{"sh", "-c", "setsid sh -c 'echo $$ >'" + note + "'; exec sleep 60' & wait"},
                       {"PATH=/usr/bin:/bin"},
                       "/"});
    ASSERT_TRUE(task.has_value());
    Result<std::string> pid = read_file(note);
    while (!pid || pid->empty()) {
        reactor_.run(Deadline::after(clock_, std::chrono::milliseconds(20)));
        pid = read_file(note);
    }
    (*task)->signal(SIGKILL);
    reactor_.run(Deadline::after(clock_, std::chrono::seconds(20)));
    EXPECT_TRUE(ran_.status.has_value());
    ::kill(std::stoi(*pid), SIGKILL);
}

TEST_F(TaskRun, WhatCannotBeExecuted) {
    const Directory directory;
    const auto text = directory.put("text", "x", 0644);
    const std::vector<std::tuple<std::string, Kind, std::string>> rows = {
        {"/nope", Kind::no_program, "No such file or directory"},
        {"nope-nope", Kind::no_program, "No such file or directory"},
        {text, Kind::not_executable, "Permission denied"},
        {"/", Kind::not_executable, "Permission denied"},
    };
    for (const auto& [program, kind, reason] : rows) {
        const auto task = start({{program}, {"PATH=/usr/bin:/bin"}, "/"});
        ASSERT_FALSE(task.has_value()) << program;
        EXPECT_EQ(task.error().kind, kind) << program;
        EXPECT_EQ(task.error().message, reason) << program;
    }
}

TEST_F(TaskRun, AScriptWithoutAHeaderIsTheShells) {
    const Directory directory;
    const auto script = directory.put("script", "echo $0 $1\n", 0755);
    EXPECT_EQ(run({script, "one"}).out, script + " one\n");
}

TaskOrder order() {
    TaskOrder order{
        .job = 4, .job_name = "ƒ5", .node = 1, .nodes = 2, .tasks = 3, .first = 2, .count = 1};
    order.plan.argv = {"a", "\xff"};
    order.plan.environment = {"PATH=/bin", "FLUX_URI=old", "FLUX_URIX=kept", "A=b"};
    order.plan.directory = "/d";
    return order;
}

TEST(TaskOrder, GoesBothWays) {
    const auto again = decode_order(encode_order(order(), 9));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->job_name, "ƒ5");
    EXPECT_EQ(again->first, 2u);
    EXPECT_EQ(again->plan.argv, order().plan.argv);
    EXPECT_EQ(again->plan.directory, "/d");
}

TEST(TaskOrder, RefusesWhatIsNone) {
    for (const char* key :
         {"job", "name", "node", "nodes", "tasks", "first", "count", "argv", "env", "cwd"}) {
        auto message = encode_order(order(), 9);
        message.body = *json::Value::parse(message.body.format());
        message.body.set(key, json::Value());
        EXPECT_FALSE(decode_order(message).has_value()) << key;
    }
    auto message = encode_order(order(), 9);
    message.body.set("argv", json::Value::array());
    EXPECT_FALSE(decode_order(message).has_value());
}

TEST(TaskEnvironment, IsTheSubmittersWithFluxsOwn) {
    EXPECT_THAT(task_environment(order(), 2, "local:///u", "/r/bin"),
                testing::UnorderedElementsAre("PATH=/r/bin:/bin", "FLUX_URI=local:///u",
                                              "FLUX_URIX=kept", "A=b", "FLUX_JOB_ID=ƒ5",
                                              "FLUX_JOB_SIZE=3", "FLUX_JOB_NNODES=2",
                                              "FLUX_TASK_RANK=2", "FLUX_TASK_LOCAL_ID=0"));
    auto plain = order();
    plain.plain = true;
    plain.plan.environment = {"PATH=/r/bin:/bin"};
    EXPECT_THAT(task_environment(plain, 2, "local:///u", "/r/bin"),
                testing::UnorderedElementsAre("PATH=/r/bin:/bin", "FLUX_URI=local:///u"));
}

}  // namespace
}  // namespace muster::rehearsal
