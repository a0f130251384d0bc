// SPDX-License-Identifier: Apache-2.0
// What the gate does with a connection, whatever the handshake says over it.
#include "curve_gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "doorstep.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;
using What = CurveOutcome::What;

std::vector<std::uint8_t> bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

/// What the handshake under the gate has to say, and what it was told.
struct Script {
    std::vector<std::string> says{"hello"};  ///< the first at once, the next after each "more"
    std::string heard;
    bool told_closed = false;
    bool told_silent = false;
};

/// Ends when it has heard "yes", was told that the peer closed, or that it is silent.
class ScriptedHandshake final : public Handshake {
  public:
    explicit ScriptedHandshake(Script& script) : script_(&script) { next(); }
    std::vector<std::uint8_t> take_output() override { return std::exchange(output_, {}); }
    void receive(std::span<const std::uint8_t> bytes) override {
        script_->heard.append(bytes.begin(), bytes.end());
        if (script_->heard.ends_with("more")) next();
    }
    void closed() override { script_->told_closed = true; }
    void silent() override { script_->told_silent = true; }
    std::optional<CurveOutcome> outcome() const override {
        if (script_->heard.ends_with("yes")) return CurveOutcome{What::accepted, "yes"};
        if (script_->told_closed) return CurveOutcome{What::closed, "closed"};
        if (script_->told_silent) return CurveOutcome{What::silent, "silent"};
        return std::nullopt;
    }

  private:
    void next() {
        if (script_->says.empty()) return;
        output_ = bytes_of(script_->says.front());
        script_->says.erase(script_->says.begin());
    }
    Script* script_;
    std::vector<std::uint8_t> output_;
};

class CurveGateTest : public testing::Test {
  protected:
    /// Begins a handshake; the peer's end of the connection.
    Fd begin(Duration limit = 10s) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()),
                  0);
        gate_.shake_hands(Fd(ends[0]), limit, [this](const CurveOutcome& outcome) {
            outcomes_.push_back(outcome.what);
            reactor_.stop();
        });
        return Fd(ends[1]);
    }
    /// Runs until the handshake is over.
    void run() { EXPECT_TRUE(reactor_.run(Deadline::after(clock_, 10s))); }
    void turn() { reactor_.run(Deadline::after(clock_, 1ms)); }

    static std::string read_all(const Fd& peer) {
        std::array<char, 65536> bytes{};
        const auto size = ::read(peer.get(), bytes.data(), bytes.size());
        return size > 0 ? std::string(bytes.data(), static_cast<std::size_t>(size)) : "";
    }
    static bool is_closed(const Fd& peer) {
        char byte = 0;
        return ::read(peer.get(), &byte, 1) == 0;
    }
    static void say(const Fd& peer, std::string_view text) {
        EXPECT_EQ(::write(peer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    SystemClock clock_;
    Reactor reactor_ = Reactor::make(clock_).value();
    Script script_;
    CurveGate gate_{reactor_, [this] { return std::make_unique<ScriptedHandshake>(script_); }};
    std::vector<What> outcomes_;
};

TEST_F(CurveGateTest, CarriesBothSidesToTheEndAndLeaves) {
    script_.says = {"hello", "initiate"};
    const Fd peer = begin();
    EXPECT_EQ(read_all(peer), "hello");
    say(peer, "more");
    turn();
    EXPECT_EQ(read_all(peer), "initiate");
    say(peer, "yes");
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::accepted));
    EXPECT_TRUE(is_closed(peer));
}

TEST_F(CurveGateTest, TellsTheHandshakeThatThePeerClosed) {
    Fd peer = begin();
    peer.reset();
    run();
    EXPECT_TRUE(script_.told_closed);
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::closed));
}

TEST_F(CurveGateTest, HearsTheLastWordsOfAPeerThatCloses) {
    Fd peer = begin();
    say(peer, "yes");
    peer.reset();
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::accepted));
}

TEST_F(CurveGateTest, SurvivesAPeerThatIsGoneBeforeTheFirstByte) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ::close(ends[1]);
    gate_.shake_hands(Fd(ends[0]), 10s, [this](const CurveOutcome& outcome) {
        outcomes_.push_back(outcome.what);
        reactor_.stop();
    });
    EXPECT_TRUE(outcomes_.empty()) << "called back from within";
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::closed));
}

TEST_F(CurveGateTest, WaitsNoLongerThanTheLimit) {
    const Fd peer = begin(1ms);
    run();
    EXPECT_TRUE(script_.told_silent);
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::silent));
    EXPECT_EQ(read_all(peer), "hello");
    EXPECT_TRUE(is_closed(peer));
}

TEST_F(CurveGateTest, PromptsASilentPeerForItsLastWords) {
    const Fd peer = begin(2s);
    EXPECT_EQ(read_all(peer), "hello");
    while (!is_closed(peer)) turn();
    say(peer, "yes");
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::accepted));
}

TEST_F(CurveGateTest, APeerThatClosesOnlyWhenPromptedWasSilent) {
    Fd peer = begin(400ms);
    EXPECT_EQ(read_all(peer), "hello");
    while (!is_closed(peer)) turn();
    peer.reset();
    run();
    EXPECT_FALSE(script_.told_closed);
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::silent));
}

TEST_F(CurveGateTest, SaysInAnOpeningThatItIsAGate) {
    const std::string opening = '\xff' + std::string(8, '\0') + "\x7f\3";
    script_.says = {opening, opening};
    const Fd peer = begin();
    EXPECT_EQ(read_all(peer), '\xff' + std::string(guest_mark) + "\x7f\3");
    say(peer, "more");
    turn();
    EXPECT_EQ(read_all(peer), opening) << "only in the first";
}

TEST_F(CurveGateTest, IsHeldAtADoorstepAndLeavesWhenItIsLetGo) {
    Fd peer = begin(20ms);
    say(peer, doorstep_words.substr(0, 10));
    turn();
    EXPECT_TRUE(outcomes_.empty());
    say(peer, doorstep_words.substr(10));
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::waiting));
    EXPECT_EQ(script_.heard, "");
    reactor_.run(Deadline::after(clock_, 60ms));
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::waiting)) << "beyond the limit";
    peer.reset();
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::waiting, What::closed));
}

TEST_F(CurveGateTest, HearsADoorstepThatIsGoneAtOnce) {
    Fd peer = begin();
    say(peer, doorstep_words);
    peer.reset();
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::waiting));
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::waiting, What::closed));
}

TEST_F(CurveGateTest, TellsAPeerFromADoorstepByItsFirstWords) {
    const Fd peer = begin();
    say(peer, doorstep_words.substr(0, 10));
    turn();
    say(peer, "yes");
    run();
    EXPECT_EQ(script_.heard, std::string(doorstep_words.substr(0, 10)) + "yes");
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::accepted));
}

TEST_F(CurveGateTest, MayLetGoOfADoorstepFromItsCallback) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    const Fd peer(ends[1]);
    gate_.shake_hands(Fd(ends[0]), 10s, [this](const CurveOutcome& outcome) {
        outcomes_.push_back(outcome.what);
        gate_.let_go();
        reactor_.stop();
    });
    say(peer, doorstep_words);
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::waiting));
    EXPECT_EQ(read_all(peer), "hello");
    EXPECT_TRUE(is_closed(peer));
}

TEST_F(CurveGateTest, SendsWhatDoesNotFitAtOnceLater) {
    const std::string large(1u << 20, 'x');
    script_.says = {large};
    const Fd peer = begin();
    std::string seen;
    while (seen.size() < large.size()) {
        turn();
        seen += read_all(peer);
    }
    EXPECT_EQ(seen, large);
    EXPECT_TRUE(outcomes_.empty());
}

TEST_F(CurveGateTest, ANewHandshakeEndsTheOneBefore) {
    const Fd first = begin();
    const Fd second = begin();
    EXPECT_EQ(read_all(first), "hello");
    EXPECT_TRUE(is_closed(first));
    say(second, "yes");
    run();
    EXPECT_THAT(outcomes_, testing::ElementsAre(What::accepted));
}

}  // namespace
}  // namespace muster::discovery
