// SPDX-License-Identifier: Apache-2.0
// The resolver against name servers of the test's own on loopback, in the same reactor.
#include "muster/discovery/resolver.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>

#include "muster/base/fd.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;
using Outcome = Reply::Outcome;
using testing::ElementsAre;

/// Replies to each question with what a function makes of it, over UDP and TCP; nothing is silence.
class Server {
  public:
    enum class Transport { udp, tcp };
    using Script = std::function<Bytes(Bytes question, Transport transport)>;

    Server(Reactor& reactor, Script script) : reactor_(&reactor), script_(std::move(script)) {
        while (!bind_both()) tcp_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::listen(tcp_.get(), 8), 0);
        reactor.watch(udp_.get(), EPOLLIN, [this](std::uint32_t) { receive(); });
        reactor.watch(tcp_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
        reactor_->forget(udp_.get());
        reactor_->forget(tcp_.get());
        if (stream_) reactor_->forget(stream_.get());
    }

    std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
    std::vector<Bytes> asked;
    Duration delay{};  ///< of each reply over UDP

  private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    static sockaddr* generic(sockaddr_in* address) { return reinterpret_cast<sockaddr*>(address); }

    /// A port that is free in both protocols: what is free in one may be somebody's in the other.
    bool bind_both() {
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        EXPECT_EQ(::bind(tcp_.get(), generic(&address), length), 0);
        EXPECT_EQ(::getsockname(tcp_.get(), generic(&address), &length), 0);
        port_ = ntohs(address.sin_port);
        return ::bind(udp_.get(), generic(&address), length) == 0;
    }

    void receive() {
        Bytes bytes(2048);
        sockaddr_in from{};
        socklen_t length = sizeof from;
        const auto size = ::recvfrom(udp_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                     generic(&from), &length);
        if (size < 0) return;
        bytes.resize(static_cast<std::size_t>(size));
        asked.push_back(bytes);
        const auto reply = script_(bytes, Transport::udp);
        if (reply.empty()) return;
        auto send = [this, reply, from, length]() mutable {
            ::sendto(udp_.get(), reply.data(), reply.size(), 0, generic(&from), length);
        };
        if (delay == 0ms)
            send();
        else
            reactor_->after(delay, send);
    }

    void accept() {
        stream_ = Fd(::accept(tcp_.get(), nullptr, nullptr));
        reactor_->watch(stream_.get(), EPOLLIN, [this](std::uint32_t) {
            Bytes bytes(2048);
            const auto size = ::read(stream_.get(), bytes.data(), bytes.size());
            if (size <= 2) {
                reactor_->forget(stream_.get());
                return stream_.reset();
            }
            const Bytes question(bytes.begin() + 2, bytes.begin() + size);
            Bytes reply = script_(question, Transport::tcp);
            const auto length = reply.size();
            reply.insert(reply.begin(), {static_cast<std::uint8_t>(length >> 8),
                                         static_cast<std::uint8_t>(length)});
            EXPECT_EQ(::write(stream_.get(), reply.data(), reply.size()),
                      static_cast<ssize_t>(reply.size()));
        });
    }

    Reactor* reactor_;
    Script script_;
    Fd udp_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    Fd tcp_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    Fd stream_;
    std::uint16_t port_ = 0;
};

/// `question` as its own reply, with these flags, and the records that `tail` holds.
Bytes reply_to(Bytes question, unsigned rcode, const Bytes& tail = {}, bool truncated = false) {
    question.resize(12 + 10 + 4);  // "\3m-0\4flux\0" and type and class; an OPT record is left out
    question[2] = static_cast<std::uint8_t>(0x80 | (question[2] & 1) | (truncated ? 2 : 0));
    question[3] = static_cast<std::uint8_t>(0x80 | rcode);
    question[7] = tail.empty() ? 0 : 1;
    question[11] = 0;
    question.insert(question.end(), tail.begin(), tail.end());
    return question;
}

const Bytes address{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 1, 2, 3};
const Question plain{.name = "m-0.flux.", .type = Type::a};

Bytes found(const Bytes& question, Server::Transport) {
    return reply_to(question, 0, address);
}
Bytes denied(const Bytes& question, Server::Transport) {
    return reply_to(question, 3);
}
Bytes failed(const Bytes& question, Server::Transport) {
    return reply_to(question, 2);
}
Bytes silent(const Bytes&, Server::Transport) {
    return {};
}

class ResolverTest : public testing::Test {
  protected:
    Server& add(Server::Script script) {
        servers_.push_back(std::make_unique<Server>(reactor, std::move(script)));
        list += (list.empty() ? "" : ",") + servers_.back()->address();
        return *servers_.back();
    }
    Reply ask(const Question& question = plain) {
        if (!resolver) resolver = make_resolver(reactor, list).value();
        std::optional<Reply> heard;
        resolver->ask(question, [&](Reply reply) {
            heard = std::move(reply);
            reactor.stop();
        });
        EXPECT_FALSE(heard) << "called back from within ask()";
        reactor.run(Deadline::after(clock, 20s));
        EXPECT_TRUE(heard);
        return heard.value_or(Reply{});
    }
    SystemClock clock;
    Reactor reactor = Reactor::make(clock).value();
    std::string list;
    std::unique_ptr<Resolver> resolver;

  private:
    std::vector<std::unique_ptr<Server>> servers_;
};

TEST_F(ResolverTest, AsksWhatItIsTold) {
    auto& server = add(found);
    const auto reply =
        ask({.name = "m-0.flux.", .type = Type::a, .dnssec_ok = true, .checking_disabled = true});
    EXPECT_EQ(reply.outcome, Outcome::answered);
    EXPECT_THAT(reply.addresses, ElementsAre(Reply::Address{"10.1.2.3", 30}));
    EXPECT_EQ(reply.server, "127.0.0.1");
    ASSERT_EQ(server.asked.size(), 1u);
    EXPECT_EQ(server.asked.front().at(3), 0x10) << "CD";
    EXPECT_EQ(server.asked.front().at(11), 1) << "OPT";
    EXPECT_EQ(ask().outcome, Outcome::answered);
    EXPECT_EQ(server.asked.at(1).at(3), 0);
    EXPECT_EQ(server.asked.at(1).at(11), 0);
}

TEST_F(ResolverTest, AsksAgainOverTcpWhenAReplyIsCutShort) {
    add([](const Bytes& question, Server::Transport transport) {
        return transport == Server::Transport::udp ? reply_to(question, 0, {}, true)
                                                   : reply_to(question, 0, address);
    });
    EXPECT_EQ(ask().outcome, Outcome::answered);
}

TEST_F(ResolverTest, GoesOnToTheNextServerAfterAFailure) {
    auto& first = add(failed);
    add(found);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().outcome, Outcome::answered);
    EXPECT_EQ(first.asked.size(), 3u) << "it is alive, and may recover";
    EXPECT_FALSE(ask().first_server_silent);
}

TEST_F(ResolverTest, TellsTheFirstFailureWhenAllFail) {
    add(failed);
    add([](const Bytes& question, Server::Transport) { return reply_to(question, 5); });
    add(silent);
    EXPECT_EQ(ask().outcome, Outcome::server_failure);
}

TEST_F(ResolverTest, BelievesADenial) {
    add(denied);
    auto& second = add(found);
    EXPECT_EQ(ask().outcome, Outcome::no_such_name);
    EXPECT_TRUE(second.asked.empty());
}

TEST_F(ResolverTest, AsksServersInTurnWhereItIsToldTo) {
    add(denied);
    add(found);
    Question question = plain;
    question.in_turn = true;
    EXPECT_EQ(ask(question).outcome, Outcome::answered);
    EXPECT_EQ(ask().outcome, Outcome::no_such_name);
}

TEST_F(ResolverTest, RemembersThatAServerIsSilent) {
    auto& first = add(silent);
    add(found);
    EXPECT_EQ(ask().outcome, Outcome::answered);
    // Its silence is known once its time is over.
    while (!ask().first_server_silent) {
    }
    const auto asked = first.asked.size();
    EXPECT_TRUE(ask().first_server_silent);
    EXPECT_TRUE(ask().first_server_silent);
    EXPECT_LE(first.asked.size(), asked + 1) << "a probe";
}

TEST_F(ResolverTest, LearnsFromALateAnswerHowLongToWait) {
    auto& server = add(found);
    server.delay = 900ms;
    EXPECT_EQ(ask().outcome, Outcome::silence);
    // The answer is still to come, in the time of the second question at the latest.
    while (ask().outcome == Outcome::silence) ASSERT_LE(server.asked.size(), 10u);
    EXPECT_LE(server.asked.size(), 4u);
    EXPECT_EQ(ask().outcome, Outcome::answered);
    server.delay = 0ms;
    EXPECT_EQ(ask().outcome, Outcome::answered);
    server.delay = 900ms;
    EXPECT_EQ(ask().outcome, Outcome::silence) << "it was quick again";
}

TEST_F(ResolverTest, TellsSilenceFromAPortWhereNobodyIs) {
    add(silent);
    EXPECT_EQ(ask().text, "the name server does not answer");
    resolver = make_resolver(reactor, "127.0.0.1:1").value();
    EXPECT_EQ(ask().text, "the name server cannot be reached");
    EXPECT_EQ(ask().outcome, Outcome::silence);
}

TEST_F(ResolverTest, DoesWithoutAnOptRecordWhereAServerKnowsNone) {
    auto& server = add([](const Bytes& question, Server::Transport) {
        return question.at(11) != 0 ? reply_to(question, 1) : reply_to(question, 0, address);
    });
    Question question = plain;
    question.dnssec_ok = true;
    EXPECT_EQ(ask(question).outcome, Outcome::answered);
    EXPECT_EQ(ask(question).outcome, Outcome::answered);
    EXPECT_EQ(server.asked.size(), 3u) << "found out once";
}

TEST_F(ResolverTest, ServesManyQuestionsAtOnce) {
    add(found);
    resolver = make_resolver(reactor, list).value();
    int heard = 0;
    for (int i = 0; i < 100; ++i)
        resolver->ask(plain, [&](const Reply& reply) {
            EXPECT_EQ(reply.outcome, Outcome::answered);
            if (++heard == 100) reactor.stop();
        });
    EXPECT_TRUE(reactor.run(Deadline::after(clock, 20s)));
}

TEST_F(ResolverTest, MayEndWithQuestionsUnderWay) {
    add(silent);
    resolver = make_resolver(reactor, list).value();
    resolver->ask(plain, [](const Reply&) { FAIL() << "it has ended"; });
    resolver->ask({.name = "a..b"}, [](const Reply&) { FAIL() << "it has ended"; });
    resolver.reset();
    reactor.after(0ms, [this] { reactor.stop(); });
    EXPECT_TRUE(reactor.run(Deadline::after(clock, 20s)));
}

TEST_F(ResolverTest, RefusesNamesThatCannotStandInDns) {
    add(found);
    EXPECT_EQ(ask({.name = "a..b"}).text, "this name cannot stand in DNS");
}

TEST(MakeResolver, RefusesWhatIsNoListOfServers) {
    const SystemClock clock;
    auto reactor = Reactor::make(clock).value();
    const auto made = make_resolver(reactor, "ns.example");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, Kind::usage);
}

}  // namespace
}  // namespace muster::discovery
