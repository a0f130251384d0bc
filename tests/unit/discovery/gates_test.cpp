// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/gates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Attempt attempt(int number) {
    return {.asked = std::to_string(number), .begun = number * 1s};
}

TEST(Attempts, KeepAllOfAFew) {
    Attempts attempts;
    for (int i = 0; i < 64; ++i) attempts.add(attempt(i));
    ASSERT_EQ(attempts.list().size(), 64u);
    EXPECT_EQ(attempts.left_out(), 0u);
    for (int i = 0; i < 64; ++i)
        EXPECT_EQ(attempts.list().at(static_cast<std::size_t>(i)).asked, std::to_string(i));
}

TEST(Attempts, KeepTheFirstAndTheLastOfMany) {
    Attempts attempts;
    for (int i = 0; i < 1000; ++i) attempts.add(attempt(i));
    const auto list = attempts.list();
    ASSERT_EQ(list.size(), 64u);
    EXPECT_EQ(attempts.count(), 1000u);
    EXPECT_EQ(attempts.left_out(), 936u);
    EXPECT_EQ(list.at(31).asked, "31");
    EXPECT_EQ(list.at(32).asked, "968");
    EXPECT_EQ(list.at(63).asked, "999");
}

struct Row {
    Gate gate;
    Cause cause;
    Kind kind;
    std::string mend;
};

const std::vector<Row> rows{
    {Gate::name, Cause::no_such_name, Kind::no_name, "start that pod"},
    {Gate::name, Cause::no_address, Kind::no_name, "--ip"},
    {Gate::name, Cause::server_failure, Kind::no_name, "CoreDNS"},
    {Gate::name, Cause::server_refused, Kind::no_name, "--domain"},
    {Gate::name, Cause::silent_servers, Kind::no_name, "port 53"},
    {Gate::address, Cause::silent_address, Kind::unavailable, "NetworkPolicy"},
    {Gate::address, Cause::unreachable_address, Kind::unavailable, "no way there"},
    {Gate::listener, Cause::connection_refused, Kind::unavailable, "has not started"},
    {Gate::listener, Cause::parent_waits, Kind::unavailable, "muster check in it"},
    {Gate::curve, Cause::silent_listener, Kind::protocol, "hangs"},
    {Gate::curve, Cause::closing_listener, Kind::protocol, "proxy"},
    {Gate::curve, Cause::no_broker, Kind::protocol, "another program"},
    {Gate::curve, Cause::other_certificate, Kind::protocol, "same certificate"},
    {Gate::curve, Cause::client_not_authorized, Kind::protocol, "same certificate file"},
};

TEST(Describe, NamesCauseEvidenceAndMendInOneSentence) {
    std::set<std::string> sentences;
    for (const auto& row : rows) {
        GateFailure failure{
            .gate = row.gate, .cause = row.cause, .asked = "IT", .answered = "THAT", .waited = 90s};
        failure.so_far.questions = 31;
        failure.so_far.dials = 1;
        const auto error = describe(failure, "rank 0 (m-0)");
        EXPECT_EQ(error.kind, row.kind) << format(row.cause);
        EXPECT_THAT(error.message, HasSubstr("reach rank 0 (m-0): " + summarize(failure)));
        EXPECT_THAT(error.message,
                    HasSubstr("IT: THAT (asked 31 times, dialled 1 time in 90 s): "));
        EXPECT_THAT(error.message, HasSubstr(row.mend));
        EXPECT_EQ(error.message.find('\n'), std::string::npos);
        sentences.insert(error.message);
        sentences.insert(std::string(format(row.cause)));
    }
    EXPECT_EQ(sentences.size(), 2 * rows.size()) << "no two causes sound the same";
}

TEST(Describe, NamesTheMendOfThePlatformThatMakesTheName) {
    const auto mend = [](Platform platform, Cause cause = Cause::no_such_name) {
        return describe({.gate = Gate::name, .cause = cause, .platform = platform}, "rank 0 (m-0)")
            .message;
    };
    EXPECT_THAT(mend(Platform::stateful_set), HasSubstr("its Service must be headless"));
    EXPECT_THAT(mend(Platform::list), HasSubstr("--hosts"));
    EXPECT_THAT(mend(Platform::compose), HasSubstr("docker start"));
    EXPECT_THAT(mend(Platform::compose, Cause::silent_servers), HasSubstr("docker start"));
    EXPECT_THAT(mend(Platform::indexed_job, Cause::silent_servers), HasSubstr("NetworkPolicy"));
    for (const auto platform : {Platform::list, Platform::compose})
        EXPECT_EQ(mend(platform).find("headless"), std::string::npos);
}

TEST(Summarize, SaysWhatWasTriedAtEachGate) {
    const auto say = [](Gate gate) {
        return summarize({.gate = gate, .asked = "x", .answered = "y"});
    };
    EXPECT_EQ(say(Gate::name), "resolve x: y");
    EXPECT_EQ(say(Gate::address), "dial x: y");
    EXPECT_EQ(say(Gate::listener), "dial x: y");
    EXPECT_EQ(say(Gate::curve), "shake hands with x: y");
}

}  // namespace
}  // namespace muster::discovery
