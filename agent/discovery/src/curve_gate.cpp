// SPDX-License-Identifier: Apache-2.0
#include "curve_gate.hpp"

#include <sys/epoll.h>
#include <zmq.h>

#include <array>
#include <cstring>

#include "muster/base/assert.hpp"

namespace muster::discovery {
namespace {

constexpr const char* monitor_endpoint = "inproc://muster-curve-gate";

struct ContextCloser {
    void operator()(void* context) const { zmq_ctx_term(context); }
};
struct SocketCloser {
    void operator()(void* socket) const { zmq_close(socket); }
};
using Context = std::unique_ptr<void, ContextCloser>;
using Socket = std::unique_ptr<void, SocketCloser>;

template <class T>
void set_option(void* socket, int option, const T& value) {
    const int result = zmq_setsockopt(socket, option, &value, sizeof value);
    MUSTER_ASSERT(result == 0);
}

int monitor_fd(void* monitor) {
    int fd = -1;
    std::size_t length = sizeof fd;
    const int result = zmq_getsockopt(monitor, ZMQ_FD, &fd, &length);
    MUSTER_ASSERT(result == 0);
    return fd;
}

/// The next monitor event without waiting; 0 when there is none. Its two frames: (event, value),
/// endpoint.
std::uint16_t next_event(void* monitor) {
    std::array<char, 6> frame{};
    if (zmq_recv(monitor, frame.data(), frame.size(), ZMQ_DONTWAIT) < 0) return 0;
    std::uint16_t event = 0;
    std::memcpy(&event, frame.data(), sizeof event);
    std::array<char, 256> endpoint{};
    zmq_recv(monitor, endpoint.data(), endpoint.size(), ZMQ_DONTWAIT);
    return event;
}

}  // namespace

struct CurveGate::Sockets {
    Context context{zmq_ctx_new()};
    Socket dealer;
    Socket monitor;
};

CurveGate::CurveGate(Reactor& reactor, const CurveKeys& keys)
    : reactor_(&reactor), keys_(keys), sockets_(std::make_unique<Sockets>()) {
    MUSTER_ASSERT(sockets_->context != nullptr);
    zmq_ctx_set(sockets_->context.get(), ZMQ_BLOCKY, 0);
}

CurveGate::~CurveGate() {
    reactor_->cancel(timer_);
    if (sockets_->monitor) reactor_->forget(monitor_fd(sockets_->monitor.get()));
}

void CurveGate::shake_hands(const std::string& address, std::uint16_t port, Duration limit,
                            Callback callback) {
    reactor_->cancel(timer_);
    if (sockets_->monitor) reactor_->forget(monitor_fd(sockets_->monitor.get()));
    sockets_->monitor.reset();
    sockets_->dealer.reset(zmq_socket(sockets_->context.get(), ZMQ_DEALER));
    MUSTER_ASSERT(sockets_->dealer != nullptr);
    callback_ = std::move(callback);
    connected_ = false;

    void* dealer = sockets_->dealer.get();
    set_option(dealer, ZMQ_LINGER, 0);
    set_option(dealer, ZMQ_IPV6, 1);
    set_option(dealer, ZMQ_RECONNECT_IVL, -1);
    // ZAP sees the domain of the server's socket, but libzmq wants CURVE clients to name one as
    // well.
    zmq_setsockopt(dealer, ZMQ_ZAP_DOMAIN, "flux", 4);
    const auto public_key = keys_.public_key;
    zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, public_key.data(), public_key.size());
    zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, public_key.data(), public_key.size());
    const auto secret_key = keys_.secret_key;
    zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, secret_key.data(), secret_key.size());

    const int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED |
                       ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    zmq_socket_monitor(dealer, monitor_endpoint, events);
    sockets_->monitor.reset(zmq_socket(sockets_->context.get(), ZMQ_PAIR));
    set_option(sockets_->monitor.get(), ZMQ_LINGER, 0);
    zmq_connect(sockets_->monitor.get(), monitor_endpoint);

    const bool is_ipv6 = address.find(':') != std::string::npos;
    const auto endpoint =
        fmt::format("tcp://{}{}{}:{}", is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "", port);
    const int connecting = zmq_connect(dealer, endpoint.c_str());
    MUSTER_ASSERT(connecting == 0);
    timer_ = reactor_->after(limit, [this] {
        finish({CurveOutcome::What::silent,
                "it accepts the connection but says nothing: it is no Flux broker, or it hangs"});
    });
    reactor_->watch(monitor_fd(sockets_->monitor.get()), EPOLLIN,
                    [this](std::uint32_t) { on_monitor(); });
    on_monitor();
}

void CurveGate::on_monitor() {
    using What = CurveOutcome::What;
    // ZMQ_FD is edge-triggered: read until there is nothing left.
    while (sockets_->monitor) {
        switch (next_event(sockets_->monitor.get())) {
            case 0:
                return;
            case ZMQ_EVENT_CONNECTED:
                connected_ = true;
                break;
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
                return finish({What::accepted, "accepted"});
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
                return finish({What::not_authorized,
                               "it knows another client key: give all pods the same certificate"});
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
                return finish(
                    {What::no_curve,
                     "it does not speak ZeroMQ with CURVE: another program listens on this port"});
            case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                return finish({What::other_key,
                               "it closed the CURVE handshake: it has another certificate, or it "
                               "is no Flux broker"});
            case ZMQ_EVENT_DISCONNECTED:
                if (connected_)
                    return finish({What::other_key,
                                   "it closed the connection during the handshake: it has another "
                                   "certificate, or it is no Flux broker"});
                break;
            default:
                break;
        }
    }
}

void CurveGate::finish(CurveOutcome outcome) {
    reactor_->cancel(timer_);
    reactor_->forget(monitor_fd(sockets_->monitor.get()));
    sockets_->monitor.reset();
    sockets_->dealer.reset();
    const auto callback = std::move(callback_);
    if (callback) callback(std::move(outcome));
}

}  // namespace muster::discovery
