// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/own_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Answers from a script: the replies to each name, the last one for ever.
class ScriptedResolver final : public Resolver {
  public:
    explicit ScriptedResolver(Reactor& reactor) : reactor_(&reactor) {}
    std::map<std::string, std::vector<Reply>> script;
    std::vector<Question> asked;

    void ask(const Question& question, Callback callback) override {
        asked.push_back(question);
        auto& replies = script[question.name];
        if (replies.empty()) return;  // never answered
        const Reply reply = replies.front();
        if (replies.size() > 1) replies.erase(replies.begin());
        reactor_->after(0ms, [callback, reply] { callback(reply); });
    }

  private:
    Reactor* reactor_;
};

Reply told(std::string name) {
    return {.outcome = Reply::Outcome::answered, .names = {std::move(name)}};
}

const Reply denial{.outcome = Reply::Outcome::no_such_name, .text = "no such name"};
const Reply silence{.outcome = Reply::Outcome::silence, .text = "no answer from 127.0.0.11"};

class OwnNameTest : public testing::Test {
  protected:
    OwnName ask(const std::vector<OwnAddress>& own, Duration wait) {
        return ask_own_name(reactor, resolver, own, wait);
    }
    SystemClock clock;
    Reactor reactor = Reactor::make(clock).value();
    ScriptedResolver resolver{reactor};
    const std::vector<OwnAddress> one{{"eth0", "172.18.0.3"}};
    const std::string reverse = "3.0.18.172.in-addr.arpa.";
};

TEST_F(OwnNameTest, IsThePtrRecordOfTheOwnAddress) {
    resolver.script[reverse] = {told("lab-web-2.lab_default.")};
    const auto own = ask(one, 10s);
    EXPECT_THAT(own.names, ElementsAre("lab-web-2.lab_default"));
    EXPECT_THAT(own.trouble, IsEmpty());
    ASSERT_EQ(resolver.asked.size(), 1u);
    EXPECT_EQ(resolver.asked[0], (Question{.name = reverse, .type = Type::ptr}));
}

TEST_F(OwnNameTest, MayComeLateAndAfterADenialOrSilence) {
    resolver.script[reverse] = {denial, silence, told("lab-web-2.lab_default")};
    EXPECT_THAT(ask(one, 10s).names, ElementsAre("lab-web-2.lab_default"));
    EXPECT_EQ(resolver.asked.size(), 3u);
}

TEST_F(OwnNameTest, IsAskedOfAllAddresses) {
    const std::vector<OwnAddress> two{{"eth0", "172.18.0.3"}, {"eth1", "fd00::3"}};
    resolver.script[reverse] = {denial};
    resolver.script[reverse_name("fd00::3")] = {told("lab-web-2.lab_ipv6")};
    EXPECT_THAT(ask(two, 10s).names, ElementsAre("lab-web-2.lab_ipv6"));
}

TEST_F(OwnNameTest, SaysWhyThereIsNone) {
    resolver.script[reverse] = {denial};
    const auto denied = ask(one, 250ms);
    EXPECT_THAT(denied.names, IsEmpty());
    EXPECT_TRUE(denied.denied);
    EXPECT_THAT(denied.trouble, HasSubstr("172.18.0.3: no such name, asked "));
    resolver.script[reverse] = {silence};
    const auto silent = ask(one, 50ms);
    EXPECT_FALSE(silent.denied);
    EXPECT_EQ(silent.trouble, "172.18.0.3: no answer from 127.0.0.11, asked once in 0.1 s");
}

TEST_F(OwnNameTest, EndsInTimeThoughNothingEverComesBack) {
    const auto own = ask(one, 50ms);
    EXPECT_EQ(own.trouble, "no answer, asked once in 0.1 s");
    EXPECT_FALSE(own.denied);
    EXPECT_THAT(ask({}, 50ms).trouble, HasSubstr("no address"));
}

TEST(IsDockers, IsWhereResolvConfNamesItsServer) {
    EXPECT_TRUE(is_dockers(ResolvConf::parse("nameserver 127.0.0.11\noptions ndots:0\n")));
    EXPECT_FALSE(is_dockers(ResolvConf::parse("nameserver 10.96.0.10\n")));
    EXPECT_FALSE(is_dockers({}));
}

}  // namespace
}  // namespace muster::discovery
