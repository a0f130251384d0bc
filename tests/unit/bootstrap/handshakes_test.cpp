// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/handshakes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "curve_server_side.hpp"

namespace muster::bootstrap {
namespace {

using namespace testing_support;
using What = discovery::CurveOutcome::What;

/// A broker with the fixed pair, and a handshake of a pod with the same pair, past HELLO.
class Handshakes : public testing::Test {
  protected:
    Handshakes() {
        opening_ = handshake_->take_output();
        EXPECT_FALSE(opening_.empty());
    }
    void greet() {
        handshake_->receive(CurveServerSide::greeting());
        const auto hello = handshake_->take_output();
        EXPECT_TRUE(server_.read_hello(View(hello).subspan(52)));
    }
    What what() const { return handshake_->outcome().value().what; }

    FixedPair pair_{0x21};
    curve::KeyPair keys_{curve::PublicKey(pair_.public_key), curve::SecretKey(pair_.secret_key)};
    discovery::HandshakeFactory factory_ = make_handshakes(keys_);
    std::unique_ptr<discovery::Handshake> handshake_ = factory_();
    CurveServerSide server_{pair_};
    Bytes opening_;
};

TEST_F(Handshakes, OfABrokerOfTheSameInstanceAreAccepted) {
    greet();
    EXPECT_FALSE(handshake_->outcome());
    handshake_->receive(server_.welcome());
    const auto initiate = server_.read_initiate(handshake_->take_output());
    ASSERT_TRUE(initiate);
    EXPECT_EQ(initiate->public_key, pair_.public_key);
    handshake_->receive(server_.ready());
    EXPECT_EQ(what(), What::accepted);
}

TEST_F(Handshakes, TellARefusedClientKey) {
    greet();
    handshake_->receive(CurveServerSide::error("400"));
    EXPECT_EQ(what(), What::not_authorized);
    EXPECT_THAT(handshake_->outcome()->text, testing::HasSubstr("refuses our client key"));
}

TEST_F(Handshakes, TellAnotherPair) {
    greet();
    handshake_->closed();
    EXPECT_EQ(what(), What::other_key);
}

TEST_F(Handshakes, TellAListenerThatIsNoBroker) {
    handshake_->receive(CurveServerSide::greeting("NULL"));
    EXPECT_EQ(what(), What::no_curve);
    const auto other = factory_();
    other->receive(bytes_of("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_EQ(other->outcome().value().what, What::no_curve);
}

TEST_F(Handshakes, TellSilenceFromAClosedConnection) {
    handshake_->silent();
    EXPECT_EQ(what(), What::silent);
    const auto other = factory_();
    other->closed();
    EXPECT_EQ(other->outcome().value().what, What::closed);
}

}  // namespace
}  // namespace muster::bootstrap
