// SPDX-License-Identifier: Apache-2.0
// The handshake against libzmq's own servers on loopback: what a Flux broker shows to the network
// (a ROUTER with CURVE and a ZAP handler), and the mistakes one can make around it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <optional>
#include <string>
#include <thread>

#include "muster/base/fd.hpp"
#include "muster/curve.hpp"

namespace muster::curve {
namespace {

using testing::HasSubstr;
using State = ClientHandshake::State;

constexpr int patience_ms = 10'000;

enum class Mechanism { null, plain, curve };
/// 200 lets every client in; 0: there is no ZAP handler.
struct ServerOptions {
    Mechanism mechanism = Mechanism::curve;
    int zap_status = 0;
    int socket_type = ZMQ_ROUTER;
};

class ZmqServer {
  public:
    ZmqServer(const KeyPair& keys, const ServerOptions& options)
        : context_(zmq_ctx_new()), socket_(zmq_socket(context_, options.socket_type)) {
        if (options.zap_status != 0) start_zap(options.zap_status);
        const int on = 1;
        if (options.mechanism == Mechanism::curve) {
            zmq_setsockopt(socket_, ZMQ_CURVE_SERVER, &on, sizeof on);
            zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, keys.secret_key.bytes().data(), 32);
            zmq_setsockopt(socket_, ZMQ_ZAP_DOMAIN, "flux", 4);
        }
        if (options.mechanism == Mechanism::plain)
            zmq_setsockopt(socket_, ZMQ_PLAIN_SERVER, &on, sizeof on);
        zmq_socket_monitor(socket_, "inproc://monitor",
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED);
        monitor_ = zmq_socket(context_, ZMQ_PAIR);
        zmq_setsockopt(monitor_, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
        zmq_connect(monitor_, "inproc://monitor");
        EXPECT_EQ(zmq_bind(socket_, "tcp://127.0.0.1:*"), 0);
        std::array<char, 128> endpoint{};
        std::size_t length = endpoint.size();
        zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, endpoint.data(), &length);
        const std::string text(endpoint.data());
        port_ = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
    }
    ZmqServer(const ZmqServer&) = delete;
    ZmqServer& operator=(const ZmqServer&) = delete;
    ~ZmqServer() {
        zmq_close(monitor_);
        zmq_close(socket_);
        zmq_ctx_shutdown(context_);
        if (zap_.joinable()) zap_.join();
        zmq_ctx_term(context_);
    }

    std::uint16_t port() const { return port_; }
    /// What the server's monitor says next; 0 when it says nothing.
    int next_event() {
        std::array<char, 6> frame{};
        if (zmq_recv(monitor_, frame.data(), frame.size(), 0) < 0) return 0;
        std::uint16_t event = 0;
        std::copy_n(frame.begin(), sizeof event, static_cast<char*>(static_cast<void*>(&event)));
        zmq_recv(monitor_, nullptr, 0, 0);
        return event;
    }
    bool has_message() {
        zmq_pollitem_t item{socket_, 0, ZMQ_POLLIN, 0};
        return zmq_poll(&item, 1, 0) > 0;
    }

  private:
    /// A ZAP handler (RFC 27) that gives every client the same answer.
    void start_zap(int status) {
        void* handler = zmq_socket(context_, ZMQ_REP);
        EXPECT_EQ(zmq_bind(handler, "inproc://zeromq.zap.01"), 0);
        zap_ = std::thread([handler, status] {
            std::array<char, 256> frame{};
            std::string id;
            for (int number = 0;;) {
                const int size = zmq_recv(handler, frame.data(), frame.size(), 0);
                if (size < 0) break;
                if (++number == 2) id.assign(frame.data(), static_cast<std::size_t>(size));
                int more = 0;
                std::size_t length = sizeof more;
                zmq_getsockopt(handler, ZMQ_RCVMORE, &more, &length);
                if (more != 0) continue;
                number = 0;
                zmq_send(handler, "1.0", 3, ZMQ_SNDMORE);
                zmq_send(handler, id.data(), id.size(), ZMQ_SNDMORE);
                const auto code = std::to_string(status);
                zmq_send(handler, code.data(), code.size(), ZMQ_SNDMORE);
                zmq_send(handler, "", 0, ZMQ_SNDMORE);
                zmq_send(handler, "", 0, ZMQ_SNDMORE);
                zmq_send(handler, "", 0, 0);
            }
            zmq_close(handler);
        });
    }

    void* context_;
    void* socket_;
    void* monitor_ = nullptr;
    std::uint16_t port_ = 0;
    std::thread zap_;
};

Fd dial(std::uint16_t port) {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* generic = &address;
    EXPECT_EQ(::connect(socket.get(), static_cast<sockaddr*>(generic), sizeof address), 0);
    return socket;
}

struct End {
    State state;
    std::string text;
};

/// A handshake over a connection of its own; the connection is closed afterwards.
End shake_hands(const ZmqServer& server, const ClientHandshake::Keys& keys) {
    const Fd socket = dial(server.port());
    ClientHandshake client(keys);
    std::array<std::uint8_t, 512> bytes{};
    while (client.state() == State::talking) {
        const auto output = client.take_output();
        EXPECT_EQ(::send(socket.get(), output.data(), output.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(output.size()));
        pollfd item{socket.get(), POLLIN, 0};
        if (::poll(&item, 1, patience_ms) <= 0) {
            client.silent();
            break;
        }
        const auto size = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
        if (size > 0)
            client.receive(std::span(bytes).first(static_cast<std::size_t>(size)));
        else
            client.closed();
    }
    return {client.state(), client.text()};
}

ClientHandshake::Keys keys_of(const KeyPair& pair) {
    return {pair.public_key.bytes(), pair.public_key.bytes(), pair.secret_key.bytes()};
}

class AgainstLibzmq : public testing::Test {
  protected:
    KeyPair own_ = make_key_pair().value();
    KeyPair other_ = make_key_pair().value();
};

TEST_F(AgainstLibzmq, ARouterWithOurPairAcceptsUsAndSeesUsLeave) {
    for (const int zap_status : {0, 200}) {
        ZmqServer server(own_, {.zap_status = zap_status});
        const auto end = shake_hands(server, keys_of(own_));
        EXPECT_EQ(end.state, State::accepted) << end.text;
        EXPECT_EQ(server.next_event(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        EXPECT_EQ(server.next_event(), ZMQ_EVENT_DISCONNECTED);
        EXPECT_FALSE(server.has_message());
    }
}

TEST_F(AgainstLibzmq, ZapRefusalHasItsStatus) {
    ZmqServer server(own_, {.zap_status = 400});
    const auto end = shake_hands(server, keys_of(own_));
    EXPECT_EQ(end.state, State::refused);
    EXPECT_THAT(end.text, HasSubstr("ERROR 400"));
    EXPECT_EQ(server.next_event(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);

    ZmqServer broken(own_, {.zap_status = 500});
    EXPECT_THAT(shake_hands(broken, keys_of(own_)).text, HasSubstr("ERROR '500'"));
}

TEST_F(AgainstLibzmq, AServerWithAnotherPairIsToldApart) {
    const ZmqServer server(other_, {});
    const auto end = shake_hands(server, keys_of(own_));
    EXPECT_EQ(end.state, State::other_key);
    EXPECT_THAT(end.text, HasSubstr("another certificate"));
}

TEST_F(AgainstLibzmq, AClientThatDoesNotOwnItsKeyIsNotLetIn) {
    ZmqServer server(own_, {.zap_status = 200});
    const auto end = shake_hands(
        server, {own_.public_key.bytes(), own_.public_key.bytes(), other_.secret_key.bytes()});
    EXPECT_EQ(end.state, State::closed);
    EXPECT_THAT(end.text, HasSubstr("gave no reason"));
    EXPECT_NE(server.next_event(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

TEST_F(AgainstLibzmq, OtherMechanismsAreNamed) {
    const ZmqServer null_server(own_, {.mechanism = Mechanism::null});
    const auto null_end = shake_hands(null_server, keys_of(own_));
    EXPECT_EQ(null_end.state, State::other_mechanism);
    EXPECT_THAT(null_end.text, HasSubstr("NULL"));
    const ZmqServer plain_server(own_, {.mechanism = Mechanism::plain});
    const auto plain_end = shake_hands(plain_server, keys_of(own_));
    EXPECT_EQ(plain_end.state, State::other_mechanism);
    EXPECT_THAT(plain_end.text, HasSubstr("PLAIN"));
}

TEST_F(AgainstLibzmq, ASocketThatIsNoRouterIsNoBroker) {
    const ZmqServer dealer(own_, {.socket_type = ZMQ_DEALER});
    const auto end = shake_hands(dealer, keys_of(own_));
    EXPECT_EQ(end.state, State::other_protocol);
    EXPECT_THAT(end.text, HasSubstr("is a DEALER and no ROUTER"));
    const ZmqServer publisher(own_, {.socket_type = ZMQ_PUB});
    EXPECT_EQ(shake_hands(publisher, keys_of(own_)).state, State::closed);
}

}  // namespace
}  // namespace muster::curve
