// SPDX-License-Identifier: Apache-2.0
// A pod's doorstep, met by a gate, by a broker, and by whoever else connects.
#include "doorstep.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string gate_opening = '\xff' + std::string(guest_mark) + '\x7f';
const std::string broker_opening = '\xff' + std::string("\0\0\0\0\0\0\0\1", 8) + '\x7f';

class DoorstepTest : public testing::Test {
  protected:
    void SetUp() override {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        const Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
        ASSERT_EQ(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
        address_ = address;
    }
    std::string uri(const std::string& host = "127.0.0.1") const {
        return "tcp://" + host + ":" + std::to_string(ntohs(address_.sin_port));
    }
    /// A connection to the doorstep, which is turned until it has been met.
    Fd come(std::string_view opening) {
        Fd guest(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(
            ::connect(guest.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_),
            0);
        EXPECT_EQ(::write(guest.get(), opening.data(), opening.size()),
                  static_cast<ssize_t>(opening.size()));
        turn();
        return guest;
    }
    void turn() { reactor_.run(Deadline::after(clock_, 20ms)); }
    /// What is there to read; nothing where nothing was said.
    static std::string heard(const Fd& guest) {
        std::array<char, 256> bytes{};
        const auto size = ::recv(guest.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        return size > 0 ? std::string(bytes.data(), static_cast<std::size_t>(size)) : "";
    }
    static bool is_reset(const Fd& guest) {
        char byte = 0;
        return ::recv(guest.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
    }

    SystemClock clock_;
    Reactor reactor_ = Reactor::make(clock_).value();
    std::optional<Doorstep> doorstep_{std::in_place, reactor_};
    sockaddr_in address_{};
};

TEST_F(DoorstepTest, TellsAGateToWaitAndLetsItGoAtItsEnd) {
    ASSERT_TRUE(doorstep_->open(uri(), false));
    const Fd guest = come(gate_opening);
    EXPECT_EQ(heard(guest), doorstep_words);
    EXPECT_FALSE(is_reset(guest));
    doorstep_.reset();
    EXPECT_TRUE(is_reset(guest));
}

TEST_F(DoorstepTest, HearsAnOpeningInPieces) {
    ASSERT_TRUE(doorstep_->open(uri(), false));
    const Fd guest = come(gate_opening.substr(0, 4));
    EXPECT_EQ(heard(guest), "");
    ASSERT_EQ(::write(guest.get(), &gate_opening[4], 6), 6);
    turn();
    EXPECT_EQ(heard(guest), doorstep_words);
}

// libzmq never connects again to a peer that speaks another protocol.
TEST_F(DoorstepTest, SaysNothingToABrokerAndLetsItGoAtItsEnd) {
    ASSERT_TRUE(doorstep_->open(uri(), false));
    const Fd guest = come(broker_opening);
    EXPECT_EQ(heard(guest), "");
    doorstep_.reset();
    EXPECT_TRUE(is_reset(guest));
}

TEST_F(DoorstepTest, FreesThePortForTheBroker) {
    for (int life = 0; life < 3; ++life) {
        doorstep_.emplace(reactor_);
        ASSERT_TRUE(doorstep_->open(uri(), false));
        const Fd guest = come(gate_opening);
        doorstep_.reset();
        const Fd broker(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(
            ::bind(broker.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_), 0)
            << os_error(errno);
    }
}

TEST_F(DoorstepTest, MeetsMoreGuestsThanItHasRoomForOnceOthersHaveLeft) {
    ASSERT_TRUE(doorstep_->open(uri(), false));
    std::vector<Fd> guests;
    for (int i = 0; i < 256; ++i) guests.push_back(come(gate_opening));
    EXPECT_EQ(heard(guests.back()), doorstep_words);
    const Fd late = come(gate_opening);
    EXPECT_EQ(heard(late), "");
    guests.erase(guests.begin());
    turn();
    EXPECT_EQ(heard(late), doorstep_words);
}

TEST_F(DoorstepTest, ServesBothFamiliesAtAnAsterisk) {
    ASSERT_TRUE(doorstep_->open(uri("*"), true));
    EXPECT_EQ(heard(come(gate_opening)), doorstep_words);
}

TEST_F(DoorstepTest, SaysWhyItCannotListen) {
    Doorstep other(reactor_);
    ASSERT_TRUE(other.open(uri(), false));
    const auto taken = doorstep_->open(uri(), false);
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message, HasSubstr("in use"));
    for (const std::string wrong : {"tcp://eth0:8050", "ipc:///tmp/x", "tcp://", ""})
        EXPECT_FALSE(doorstep_->open(wrong, false)) << wrong;
}

}  // namespace
}  // namespace muster::discovery
