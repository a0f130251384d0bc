// SPDX-License-Identifier: Apache-2.0
// The handshake against a server's half written from RFC 26 on libsodium, and against everything
// that is no such server.
#include "muster/curve/client_handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "curve_server_side.hpp"

namespace muster::curve {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using State = ClientHandshake::State;

const FixedPair broker(0x21);    // the pair that all brokers share
const FixedPair stranger(0x33);  // another instance's

ClientHandshake::Random fixed_random() {
    std::array<std::uint8_t, 32> secret_key{};
    secret_key.fill(0x44);
    std::array<std::uint8_t, 16> nonce{};
    nonce.fill(0x55);
    return {secret_key, nonce};
}

/// A client that holds the brokers' pair, and the server side opposite.
struct Handshake {
    CurveServerSide server;
    ClientHandshake client;
    Bytes opening;

    explicit Handshake(const FixedPair& servers = broker)
        : server(servers),
          client({broker.public_key, broker.public_key, broker.secret_key}, fixed_random()) {}
    /// Up to the point where WELCOME is due.
    void greet() {
        opening = client.take_output();
        client.receive(CurveServerSide::greeting());
        EXPECT_TRUE(read_hello());
    }
    /// The rest of the greeting, and HELLO.
    bool read_hello() {
        const auto rest = client.take_output();
        EXPECT_TRUE(CurveServerSide::is_greeting(joined({opening, part(rest, 0, 52)})));
        return server.read_hello(View(rest).subspan(52));
    }
    /// Up to the point where READY is due.
    CurveServerSide::Initiate welcome() {
        greet();
        client.receive(server.welcome());
        const auto initiate = server.read_initiate(client.take_output());
        EXPECT_TRUE(initiate.has_value());
        return initiate.value_or(CurveServerSide::Initiate{});
    }
};

TEST(ClientHandshake, IsAcceptedByAServerThatChecksEverything) {
    Handshake it;
    const auto initiate = it.welcome();
    EXPECT_EQ(initiate.public_key, broker.public_key);
    EXPECT_EQ(initiate.vouch_nonce, Bytes(16, 0x55));
    EXPECT_EQ(initiate.metadata,
              CurveServerSide::metadata({{"Socket-Type", "DEALER"}, {"Identity", ""}}));
    EXPECT_EQ(it.client.state(), State::talking);
    it.client.receive(it.server.ready());
    EXPECT_EQ(it.client.state(), State::accepted);
}

TEST(ClientHandshake, MayHaveAPairOfItsOwn) {
    CurveServerSide server(broker);
    ClientHandshake client({broker.public_key, stranger.public_key, stranger.secret_key});
    client.take_output();
    client.receive(CurveServerSide::greeting());
    const auto hello = client.take_output();
    ASSERT_TRUE(server.read_hello(View(hello).subspan(52)));
    client.receive(server.welcome());
    const auto initiate = server.read_initiate(client.take_output());
    ASSERT_TRUE(initiate);
    EXPECT_EQ(initiate->public_key, stranger.public_key);
}

TEST(ClientHandshake, HoldsItsMechanismBackUntilThePeersIsKnown) {
    Handshake it;
    EXPECT_EQ(it.client.take_output(), (Bytes{0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1}));
    it.client.receive(part(CurveServerSide::greeting(), 0, 63));
    EXPECT_TRUE(it.client.take_output().empty());
}

TEST(ClientHandshake, SendsNothingAfterReadyAndHearsNothing) {
    Handshake it;
    it.welcome();
    it.client.receive(it.server.ready());
    it.client.receive(it.server.error("400"));
    it.client.closed();
    it.client.silent();
    EXPECT_TRUE(it.client.take_output().empty());
    EXPECT_EQ(it.client.state(), State::accepted);
}

TEST(ClientHandshake, DrawsAnotherShortTermKeyForEveryConnection) {
    const ClientHandshake::Random one;
    const ClientHandshake::Random other;
    EXPECT_NE(one.short_term_secret_key, other.short_term_secret_key);
    EXPECT_NE(one.vouch_nonce, other.vouch_nonce);
}

TEST(ClientHandshake, DoesNotCareHowTheBytesAreCut) {
    for (std::size_t size = 1; size < 70; ++size) {
        Handshake it;
        const auto feed = [&it, size](const Bytes& bytes) {
            for (std::size_t i = 0; i < bytes.size(); i += size)
                it.client.receive(View(bytes).subspan(i, std::min(size, bytes.size() - i)));
        };
        it.opening = it.client.take_output();
        feed(CurveServerSide::greeting());
        ASSERT_TRUE(it.read_hello());
        feed(it.server.welcome());
        ASSERT_TRUE(it.server.read_initiate(it.client.take_output()));
        feed(it.server.ready());
        ASSERT_EQ(it.client.state(), State::accepted) << size;
    }
}

TEST(ClientHandshake, ReadsLongFramesAndOtherMinorVersions) {
    Handshake it;
    it.opening = it.client.take_output();
    it.client.receive(CurveServerSide::greeting("CURVE", 0));
    it.read_hello();
    const auto welcome = it.server.welcome();
    const Bytes head{6, 0, 0, 0, 0, 0, 0, 0, welcome[1]};
    it.client.receive(joined({head, View(welcome).subspan(2)}));
    EXPECT_TRUE(it.server.read_initiate(it.client.take_output()));
}

TEST(ClientHandshake, TellsWhyTheServerRefuses) {
    Handshake it;
    it.welcome();
    it.client.receive(CurveServerSide::error("400"));
    EXPECT_EQ(it.client.state(), State::refused);
    EXPECT_EQ(it.client.text(), "it knows our server key, but refuses our client key (ERROR 400)");

    Handshake busy;
    busy.greet();
    busy.client.receive(CurveServerSide::error("500\n\x1b[2J"));
    EXPECT_EQ(busy.client.state(), State::refused);
    EXPECT_EQ(busy.client.text(), "it refuses us in the CURVE handshake (ERROR '500')");
}

TEST(ClientHandshake, KnowsAnotherKeyByTheSilenceAfterHelloOrByItsWelcome) {
    Handshake closing(stranger);
    closing.opening = closing.client.take_output();
    closing.client.receive(CurveServerSide::greeting());
    EXPECT_FALSE(closing.read_hello());
    closing.client.closed();
    EXPECT_EQ(closing.client.state(), State::other_key);
    EXPECT_THAT(closing.client.text(), HasSubstr("another certificate"));

    Handshake lying(stranger);
    lying.opening = lying.client.take_output();
    lying.client.receive(CurveServerSide::greeting());
    lying.read_hello();
    lying.client.receive(lying.server.welcome());
    EXPECT_EQ(lying.client.state(), State::other_key);
    EXPECT_TRUE(lying.client.take_output().empty());
}

TEST(ClientHandshake, TellsWhereThePeerClosedOrFellSilent) {
    const auto expect = [](void (ClientHandshake::*end)(), State at_once, State after_hello,
                           State after_initiate, const std::array<const char*, 4>& texts) {
        Handshake fresh;
        (fresh.client.*end)();
        EXPECT_EQ(fresh.client.state(), at_once);
        EXPECT_THAT(fresh.client.text(), HasSubstr(texts[0]));
        Handshake greeting;
        greeting.client.receive(part(CurveServerSide::greeting(), 0, 20));
        (greeting.client.*end)();
        EXPECT_EQ(greeting.client.state(), at_once);
        EXPECT_THAT(greeting.client.text(), HasSubstr(texts[1]));
        Handshake hello;
        hello.greet();
        (hello.client.*end)();
        EXPECT_EQ(hello.client.state(), after_hello);
        EXPECT_THAT(hello.client.text(), HasSubstr(texts[2]));
        Handshake initiate;
        initiate.welcome();
        (initiate.client.*end)();
        EXPECT_EQ(initiate.client.state(), after_initiate);
        EXPECT_THAT(initiate.client.text(), HasSubstr(texts[3]));
    };
    expect(&ClientHandshake::closed, State::closed, State::other_key, State::closed,
           {"closes the connection at once", "middle of its greeting", "at our HELLO",
            "gave no reason"});
    expect(&ClientHandshake::silent, State::silent, State::silent, State::silent,
           {"but says nothing", "begins a ZeroMQ greeting and does not end it",
            "says nothing to the CURVE", "whether it accepts"});
}

struct Stranger {
    const char* description;
    Bytes bytes;
    State state;
    const char* text;
};
class Strangers : public testing::TestWithParam<Stranger> {};

TEST_P(Strangers, AreToldApart) {
    Handshake it;
    it.client.take_output();
    it.client.receive(GetParam().bytes);
    EXPECT_EQ(it.client.state(), GetParam().state);
    EXPECT_THAT(it.client.text(), HasSubstr(GetParam().text));
    EXPECT_TRUE(it.client.take_output().empty());
}

const auto greeting = CurveServerSide::greeting();
Bytes after_greeting(const Bytes& bytes) {
    return joined({greeting, bytes});
}

INSTANTIATE_TEST_SUITE_P(
    ClientHandshake, Strangers,
    testing::Values(
        Stranger{"Http", bytes_of("HTTP/1.1 400 Bad Request\r\nServer: x\r\n"),
                 State::other_protocol, "(it says 'HTTP/1.1 400 Bad Request')"},
        Stranger{"Ssh", bytes_of("SSH-2.0-OpenSSH_9.2\r\n"), State::other_protocol,
                 "'SSH-2.0-OpenSSH_9.2'"},
        Stranger{"Terminal", bytes_of("\x1b]0;owned\x07 \xc3\xa9"), State::other_protocol,
                 "'\\x1b]0;owned\\x07 \\xc3\\xa9'"},
        Stranger{"Flood", Bytes(100'000, 'a'), State::other_protocol,
                 "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'"},
        Stranger{"TlsAlert", Bytes{0x15, 3, 1, 0, 2, 2, 70}, State::other_protocol, "'\\x15\\x03"},
        Stranger{"Zmtp1", Bytes{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0}, State::other_protocol,
                 "does not speak ZeroMQ"},
        Stranger{"Zmtp2", Bytes{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1}, State::other_protocol,
                 "older than 3.0"},
        Stranger{"Null", CurveServerSide::greeting("NULL"), State::other_mechanism,
                 "but NULL and not CURVE"},
        Stranger{"Plain", CurveServerSide::greeting("PLAIN"), State::other_mechanism,
                 "but PLAIN and not CURVE"},
        Stranger{"LongMechanism", CurveServerSide::greeting("CURVECURVECURVECURVE"),
                 State::other_mechanism, "CURVECURVECURVECURVE and not"},
        Stranger{"CurveClient", after_greeting(CurveServerSide::command("HELLO", Bytes(194))),
                 State::other_protocol, "says 'HELLO'"},
        Stranger{"ReadyTooEarly", after_greeting(CurveServerSide::command("READY", Bytes(30))),
                 State::other_protocol, "where WELCOME is due"},
        Stranger{"ShortWelcome", after_greeting(CurveServerSide::command("WELCOME", Bytes(159))),
                 State::other_protocol, "WELCOME in the CURVE handshake has a wrong size"},
        Stranger{"WelcomeOfNoise", after_greeting(CurveServerSide::command("WELCOME", Bytes(160))),
                 State::other_key, "does not open"},
        Stranger{"Message", after_greeting({0, 1, 'x'}), State::other_protocol,
                 "breaks the ZeroMQ protocol"},
        Stranger{"EmptyCommand", after_greeting({4, 0}), State::other_protocol, "breaks"},
        Stranger{"NameBeyondTheEnd", after_greeting({4, 3, 9, 'E', 'R'}), State::other_protocol,
                 "breaks"},
        Stranger{"Endless", after_greeting({6, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
                 State::other_protocol, "breaks"},
        Stranger{"EmptyError", after_greeting(CurveServerSide::command("ERROR", Bytes{})),
                 State::other_protocol, "ERROR in the CURVE handshake"},
        Stranger{"ErrorBeyondTheEnd",
                 after_greeting(CurveServerSide::command("ERROR", Bytes{9, '4'})),
                 State::other_protocol, "ERROR in the"}),
    [](const auto& row) { return row.param.description; });

TEST(ClientHandshake, RefusesAShortTermKeyThatIsNoPoint) {
    Handshake it;
    it.greet();
    it.client.receive(it.server.welcome_with(Key{}));
    EXPECT_EQ(it.client.state(), State::other_protocol);
    EXPECT_THAT(it.client.text(), HasSubstr("no usable key"));
}

TEST(ClientHandshake, RefusesOwnKeysThatAreNoPoint) {
    ClientHandshake client({Key{}, broker.public_key, broker.secret_key});
    client.receive(greeting);
    EXPECT_EQ(client.state(), State::other_key);
}

TEST(ClientHandshake, RefusesAReadyThatIsNotABrokers) {
    const auto end_of = [](const std::function<Bytes(const CurveServerSide&)>& make) {
        Handshake it;
        it.welcome();
        it.client.receive(make(it.server));
        return std::pair(it.client.state(), it.client.text());
    };
    const auto flipped = end_of([](const auto& server) {
        auto ready = server.ready();
        ready.back() ^= 1u;
        return ready;
    });
    EXPECT_EQ(flipped.first, State::other_protocol);
    EXPECT_THAT(flipped.second, HasSubstr("READY in the CURVE handshake cannot be read"));
    EXPECT_THAT(
        end_of([](const auto&) { return CurveServerSide::command("READY", Bytes(7)); }).second,
        HasSubstr("cannot be read"));
    const auto publisher = end_of([](const auto& server) {
        return server.ready({{"Identity", ""}, {"Socket-Type", "PUB"}});
    });
    EXPECT_EQ(publisher.first, State::other_protocol);
    EXPECT_THAT(publisher.second, HasSubstr("is a PUB and no ROUTER"));
    EXPECT_THAT(end_of([](const auto& server) { return server.ready({}); }).second,
                HasSubstr("socket of no type"));
    for (const Bytes& metadata :
         {Bytes{0}, Bytes{5, 'a'}, Bytes{1, 'a', 0, 0}, Bytes{1, 'a', 0, 0, 0, 2, 'x'},
          Bytes{1, 'a', 0xff, 0xff, 0xff, 0xff}})
        EXPECT_THAT(end_of([&](const auto& server) { return server.ready_with(metadata); }).second,
                    HasSubstr("cannot be read"));
}

TEST(ClientHandshake, LeavesNoSecretInItsMemory) {
    const auto random = fixed_random();
    alignas(ClientHandshake) std::array<std::uint8_t, sizeof(ClientHandshake)> memory{};
    const auto held = [&memory, &random] {
        return ::memmem(memory.data(), memory.size(), random.short_term_secret_key.data(), 32) !=
               nullptr;
    };
    auto* client = new (memory.data())
        ClientHandshake({broker.public_key, broker.public_key, broker.secret_key}, random);
    EXPECT_TRUE(held());
    std::destroy_at(client);
    EXPECT_FALSE(held());
}

}  // namespace
}  // namespace muster::curve
