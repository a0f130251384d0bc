// SPDX-License-Identifier: Apache-2.0
#include "muster/local/dns_server.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns_question.hpp"
#include "muster/local/loopback.hpp"

namespace muster::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Bytes;
using test::question;

Bytes framed(const Bytes& message) {
    Bytes out;
    test::put16(out, static_cast<unsigned>(message.size()));
    out.insert(out.end(), message.begin(), message.end());
    return out;
}

class DnsServerTest : public testing::Test {
  protected:
    DnsServerTest()
        : reactor_(Reactor::make(clock_).value()),
          loopback_(Loopback::claim(3, {}).value()),
          server_(reactor_, loopback_.take_sockets(), zone()) {}

    Zone zone() const {
        return {.domain = "up.muster.internal",
                .stem = "up-",
                .server = loopback_.server(),
                .addresses = loopback_.addresses()};
    }

    Fd connected(int type) {
        Fd socket(::socket(AF_INET, type | SOCK_NONBLOCK, 0));
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(loopback_.server());
        name.sin_port = htons(loopback_.server_port());
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
        return socket;
    }

    /// Runs the server until `count` bytes have come from it, or the connection has ended.
    Bytes receive(const Fd& socket, std::size_t count) {
        Bytes got;
        reactor_.watch(socket.get(), EPOLLIN, [&](std::uint32_t) {
            Bytes buffer(65536);
            const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
            if (size > 0) got.insert(got.end(), buffer.begin(), buffer.begin() + size);
            if (size <= 0 || got.size() >= count) reactor_.stop();
        });
        reactor_.run(Deadline::after(clock_, seconds(10)));
        reactor_.forget(socket.get());
        return got;
    }

    void send(const Fd& socket, const Bytes& data) {
        ASSERT_EQ(::send(socket.get(), data.data(), data.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(data.size()));
    }

    SystemClock clock_;
    Reactor reactor_;
    Loopback loopback_;
    DnsServer server_;
};

TEST_F(DnsServerTest, AnswersDatagramsAndIgnoresGarbage) {
    const Fd socket = connected(SOCK_DGRAM);
    send(socket, Bytes{1, 2, 3});
    send(socket, question({.name = "up-1.up.muster.internal", .flags = 0x8000}));
    const Bytes asked = question({.name = "up-1.up.muster.internal"});
    send(socket, asked);
    EXPECT_EQ(receive(socket, 1), answer(zone(), asked));
    EXPECT_EQ(server_.questions(), 3u);
}

TEST_F(DnsServerTest, AnswersSeveralQuestionsOfOneConnectionInOrder) {
    const Fd socket = connected(SOCK_STREAM);
    Bytes sent;
    Bytes expected;
    for (const char* name :
         {"up-0.up.muster.internal", "nobody.up.muster.internal", "example.org"}) {
        const Bytes asked = question({.name = name, .edns = true});
        const Bytes one = framed(asked);
        sent.insert(sent.end(), one.begin(), one.end());
        const Bytes reply = framed(answer(zone(), asked));
        expected.insert(expected.end(), reply.begin(), reply.end());
    }
    send(socket, sent);
    EXPECT_EQ(receive(socket, expected.size()), expected);
}

TEST_F(DnsServerTest, AQuestionMayComeByteByByte) {
    const Fd socket = connected(SOCK_STREAM);
    const Bytes asked = question({.name = "up-2.up.muster.internal"});
    for (const std::uint8_t byte : framed(asked)) {
        send(socket, Bytes{byte});
        reactor_.run(Deadline::after(clock_, milliseconds(1)));
    }
    const Bytes expected = framed(answer(zone(), asked));
    EXPECT_EQ(receive(socket, expected.size()), expected);
}

TEST_F(DnsServerTest, ManyQuestionsAtOnceAreAllAnswered) {
    const Fd socket = connected(SOCK_STREAM);
    const Bytes asked = framed(question({.name = "up-2.up.muster.internal"}));
    const Bytes reply = framed(answer(zone(), question({.name = "up-2.up.muster.internal"})));
    constexpr std::size_t count = 4000;  // more than the server keeps for one client at a time
    std::size_t sent = 0;
    Bytes all;
    for (std::size_t i = 0; i < count; ++i) all.insert(all.end(), asked.begin(), asked.end());
    std::size_t got = 0;
    reactor_.watch(socket.get(), EPOLLIN | EPOLLOUT, [&](std::uint32_t events) {
        Bytes buffer(65536);
        if ((events & EPOLLOUT) != 0 && sent < all.size()) {
            const ssize_t size =
                ::send(socket.get(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
            if (size > 0) sent += static_cast<std::size_t>(size);
        }
        const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (size > 0) got += static_cast<std::size_t>(size);
        if (size == 0 || got >= count * reply.size()) reactor_.stop();
    });
    reactor_.run(Deadline::after(clock_, seconds(10)));
    reactor_.forget(socket.get());
    EXPECT_EQ(got, count * reply.size());
}

TEST_F(DnsServerTest, ClosesAConnectionThatTalksNonsense) {
    const Fd socket = connected(SOCK_STREAM);
    send(socket, Bytes{0, 3, 1, 2, 3});
    EXPECT_TRUE(receive(socket, 1).empty());
    const Fd other = connected(SOCK_STREAM);  // and serves the next one
    send(other, framed(question({.name = "up-0.up.muster.internal"})));
    EXPECT_FALSE(receive(other, 1).empty());
}

TEST_F(DnsServerTest, LimitsItsClients) {
    std::vector<Fd> clients;
    for (int i = 0; i < 64; ++i) {
        clients.push_back(connected(SOCK_STREAM));
        reactor_.run(Deadline::after(clock_, milliseconds(1)));
    }
    const Fd one_more = connected(SOCK_STREAM);
    EXPECT_TRUE(receive(one_more, 1).empty()) << "closed at once";
    clients.pop_back();
    reactor_.run(Deadline::after(clock_, milliseconds(200)));
    const Fd next = connected(SOCK_STREAM);
    send(next, framed(question({.name = "up-0.up.muster.internal"})));
    EXPECT_FALSE(receive(next, 1).empty());
}

}  // namespace
}  // namespace muster::local
