// SPDX-License-Identifier: Apache-2.0
// The gates against real sockets on loopback: a CURVE broker's listener, and everything that is
// none.
#include "muster/discovery/reach.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <zmq.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/fd.hpp"
#include "muster/bootstrap/handshakes.hpp"
#include "muster/curve.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A TCP socket bound to a free port of 127.0.0.1; listening or not.
struct TcpServer {
    Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::uint16_t port = 0;

    explicit TcpServer(bool listening) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
        EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
        port = ntohs(address.sin_port);
        if (listening) {
            EXPECT_EQ(::listen(socket.get(), 8), 0);
        }
    }
};

/// What a broker shows to the network: a ROUTER that is a CURVE server with this key pair.
class CurveServer {
  public:
    explicit CurveServer(const curve::KeyPair& keys)
        : context_(zmq_ctx_new()), router_(zmq_socket(context_, ZMQ_ROUTER)) {
        const int on = 1;
        zmq_setsockopt(router_, ZMQ_CURVE_SERVER, &on, sizeof on);
        zmq_setsockopt(router_, ZMQ_CURVE_SECRETKEY, keys.secret_key.bytes().data(), 32);
        zmq_socket_monitor(
            router_, "inproc://monitor",
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
        monitor_ = zmq_socket(context_, ZMQ_PAIR);
        zmq_connect(monitor_, "inproc://monitor");
        EXPECT_EQ(zmq_bind(router_, "tcp://127.0.0.1:*"), 0);
        char endpoint[128] = {};
        std::size_t length = sizeof endpoint;
        zmq_getsockopt(router_, ZMQ_LAST_ENDPOINT, endpoint, &length);
        port_ = static_cast<std::uint16_t>(
            std::stoi(std::string(endpoint).substr(std::string(endpoint).rfind(':') + 1)));
    }
    CurveServer(const CurveServer&) = delete;
    CurveServer& operator=(const CurveServer&) = delete;
    ~CurveServer() {
        zmq_close(monitor_);
        zmq_close(router_);
        zmq_ctx_term(context_);
    }
    std::uint16_t port() const { return port_; }
    /// What happened, up to the end of the first connection.
    std::vector<int> events_of_a_connection() {
        std::vector<int> events;
        while (events.empty() || events.back() != ZMQ_EVENT_DISCONNECTED) {
            std::array<std::uint16_t, 3> frame{};
            if (zmq_recv(monitor_, frame.data(), sizeof frame, 0) < 0) break;
            events.push_back(frame[0]);
            zmq_recv(monitor_, nullptr, 0, 0);
        }
        return events;
    }

  private:
    void* context_;
    void* router_;
    void* monitor_;
    std::uint16_t port_ = 0;
};

Result<Passage> try_to_reach(std::uint16_t port, const curve::KeyPair& keys, Duration wait,
                             const std::string& name = "127.0.0.1", const std::string& dns = "") {
    return reach({.peer = "rank 0 (m-0)", .name = name, .port = port, .wait = wait},
                 bootstrap::make_handshakes(keys), dns, SystemClock());
}

TEST(Reach, PassesABrokerThatAcceptsOurKey) {
    const auto keys = curve::make_key_pair().value();
    const CurveServer server(keys);
    const auto reached = try_to_reach(server.port(), keys, 10s);
    ASSERT_TRUE(reached) << reached.error().message;
    EXPECT_EQ(reached->address, "127.0.0.1");
    EXPECT_EQ(reached->dials, 1);
}

TEST(Reach, DialsAndShakesHandsOverOneConnection) {
    const auto keys = curve::make_key_pair().value();
    CurveServer server(keys);
    ASSERT_TRUE(try_to_reach(server.port(), keys, 10s));
    EXPECT_THAT(server.events_of_a_connection(),
                testing::ElementsAre(ZMQ_EVENT_ACCEPTED, ZMQ_EVENT_HANDSHAKE_SUCCEEDED,
                                     ZMQ_EVENT_DISCONNECTED));
}

TEST(Reach, SaysThatNothingListens) {
    const TcpServer closed(false);
    const auto reached = try_to_reach(closed.port, curve::make_key_pair().value(), 1s);
    ASSERT_FALSE(reached);
    EXPECT_EQ(reached.error().kind, Kind::unavailable);
    EXPECT_THAT(reached.error().message, HasSubstr("connection refused: nothing listens"));
    EXPECT_THAT(reached.error().message, HasSubstr("reach rank 0 (m-0)"));
}

TEST(Reach, SaysThatTheKeyIsAnother) {
    const CurveServer server(curve::make_key_pair().value());
    const auto reached = try_to_reach(server.port(), curve::make_key_pair().value(), 2s);
    ASSERT_FALSE(reached);
    EXPECT_EQ(reached.error().kind, Kind::protocol);
    EXPECT_THAT(reached.error().message, HasSubstr("certificate"));
}

TEST(Reach, SaysThatAListenerIsSilent) {
    const TcpServer silent(true);
    const auto reached = try_to_reach(silent.port, curve::make_key_pair().value(), 2500ms);
    ASSERT_FALSE(reached);
    EXPECT_EQ(reached.error().kind, Kind::protocol);
    EXPECT_THAT(reached.error().message, HasSubstr("says nothing"));
}

TEST(Reach, HearsInTheTimeThatIsLeftWhatAnswersOnlyToWhatHasEnded) {
    const TcpServer web(true);
    // A web server that waits for the rest of a request.
    std::thread serves([&web] {
        const Fd connection(::accept4(web.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::array<char, 512> bytes{};
        while (::read(connection.get(), bytes.data(), bytes.size()) > 0) {
        }
        EXPECT_TRUE(write_all(connection.get(), "HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    const auto reached = try_to_reach(web.port, curve::make_key_pair().value(), 3s);
    serves.join();
    ASSERT_FALSE(reached);
    EXPECT_THAT(reached.error().message, HasSubstr("another program has this port"));
}

TEST(Reach, SaysThatNoNameServerAnswers) {
    // Port 1 of loopback: nobody is there.
    const auto reached =
        try_to_reach(8050, curve::make_key_pair().value(), 1200ms, "m-0.flux.", "127.0.0.1:1");
    ASSERT_FALSE(reached);
    EXPECT_EQ(reached.error().kind, Kind::no_name);
    EXPECT_THAT(reached.error().message,
                HasSubstr("resolve m-0.flux.: the name server cannot be reached"));
}

TEST(Reach, RefusesServersThatAreNoAddresses) {
    const auto reached =
        try_to_reach(8050, curve::make_key_pair().value(), 300ms, "m-0.flux.", "not an address");
    ASSERT_FALSE(reached);
    EXPECT_EQ(reached.error().kind, Kind::usage);
}

TEST(Reach, WaitsForAListenerThatComesLater) {
    const auto keys = curve::make_key_pair().value();
    std::uint16_t port = 0;
    {
        port = TcpServer(false).port;
    }
    EXPECT_FALSE(try_to_reach(port, keys, 200ms));
    const CurveServer server(keys);
    EXPECT_TRUE(try_to_reach(server.port(), keys, 10s));
}

}  // namespace
}  // namespace muster::discovery
