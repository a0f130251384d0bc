// SPDX-License-Identifier: Apache-2.0
#include "zmq_socket.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <zmq.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "muster/base/assert.hpp"

namespace muster::rehearsal {
namespace {

/// Blocks every signal in this thread, and in those that it starts, for as long as it lives.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

}  // namespace

void ZmqContext::End::operator()(void* context) const noexcept {
    while (::zmq_ctx_term(context) != 0 && errno == EINTR) {
    }
}

Result<ZmqContext> ZmqContext::make() {
    ZmqContext context(::zmq_ctx_new());
    if (context.get() == nullptr) return fail(Kind::internal, "ZeroMQ: {}", os_error(errno));
    // A thousand brokers share a machine: no table of 1,023 sockets for the handful that we use.
    ::zmq_ctx_set(context.get(), ZMQ_MAX_SOCKETS, 16);
    ::zmq_ctx_set(context.get(), ZMQ_IO_THREADS, 1);
    return context;
}

Result<std::unique_ptr<ZmqSocket>> ZmqSocket::make(const ZmqContext& context, int type) {
    // The first socket starts libzmq's threads. Each blocks its signals itself, but only once it
    // runs; one that arrives before would end the process.
    const SignalsBlocked blocked;
    void* socket = ::zmq_socket(context.get(), type);
    if (socket == nullptr) return fail(Kind::internal, "ZeroMQ socket: {}", os_error(errno));
    std::unique_ptr<ZmqSocket> made(new ZmqSocket(socket));
    made->set(ZMQ_LINGER, 100);
    made->set(ZMQ_SNDHWM, 0);
    made->set(ZMQ_RCVHWM, 0);
    return made;
}

ZmqSocket::~ZmqSocket() {
    if (reactor_ != nullptr) {
        reactor_->forget(fd_);
        reactor_->cancel(soon_);
    }
    monitor_.reset();
    ::zmq_close(socket_);
}

void ZmqSocket::set(int option, int value) {
    const int result = ::zmq_setsockopt(socket_, option, &value, sizeof value);
    MUSTER_ASSERT(result == 0);
}

void ZmqSocket::set(int option, std::string_view value) {
    const int result = ::zmq_setsockopt(socket_, option, value.data(), value.size());
    MUSTER_ASSERT(result == 0);
}

void ZmqSocket::set_curve_server(const curve::KeyPair& keys, std::string_view zap_domain) {
    const auto secret = keys.secret_key.bytes();
    const int result = ::zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, secret.data(), secret.size());
    MUSTER_ASSERT(result == 0);
    set(ZMQ_CURVE_SERVER, 1);
    set(ZMQ_ZAP_DOMAIN, zap_domain);
}

void ZmqSocket::set_curve_client(const curve::KeyPair& keys) {
    const auto secret = keys.secret_key.bytes();
    const auto open = keys.public_key.bytes();
    int result = ::zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, secret.data(), secret.size());
    for (const int option : {ZMQ_CURVE_PUBLICKEY, ZMQ_CURVE_SERVERKEY})
        if (result == 0) result = ::zmq_setsockopt(socket_, option, open.data(), open.size());
    MUSTER_ASSERT(result == 0);
}

int ZmqSocket::bind(const std::string& uri) {
    return ::zmq_bind(socket_, uri.c_str()) == 0 ? 0 : errno;
}

int ZmqSocket::connect(const std::string& uri) {
    return ::zmq_connect(socket_, uri.c_str()) == 0 ? 0 : errno;
}

int ZmqSocket::send(std::span<const std::string_view> frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const int flags = ZMQ_DONTWAIT | (i + 1 < frames.size() ? ZMQ_SNDMORE : 0);
        while (::zmq_send(socket_, frames[i].data(), frames[i].size(), flags) < 0)
            if (errno != EINTR) return errno;
    }
    // Sending handles commands of the I/O thread, so it can consume the descriptor's only edge.
    if (reactor_ != nullptr && !draining_ && readable()) drain_soon();
    return 0;
}

std::optional<ZmqMessage> ZmqSocket::receive() {
    ZmqMessage message;
    for (bool more = true; more;) {
        zmq_msg_t frame;
        ::zmq_msg_init(&frame);
        int size = -1;
        do {
            size = ::zmq_msg_recv(&frame, socket_, ZMQ_DONTWAIT);
        } while (size < 0 && errno == EINTR);
        if (size >= 0) {
            message.frames.emplace_back(static_cast<const char*>(::zmq_msg_data(&frame)),
                                        ::zmq_msg_size(&frame));
            if (message.connection < 0) message.connection = ::zmq_msg_get(&frame, ZMQ_SRCFD);
        }
        more = size >= 0 && ::zmq_msg_more(&frame) != 0;
        ::zmq_msg_close(&frame);
        if (size < 0) return std::nullopt;
    }
    return message;
}

bool ZmqSocket::readable() const {
    int events = 0;
    std::size_t size = sizeof events;
    if (::zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &size) != 0) return false;
    return (events & ZMQ_POLLIN) != 0;
}

void ZmqSocket::drain() {
    // Bounded, so that a flood on one socket does not starve timers and clients.
    draining_ = true;
    for (int i = 0; i < 256 && readable(); ++i) {
        auto message = receive();
        if (!message) break;
        handler_(std::move(*message));
    }
    draining_ = false;
    if (readable()) drain_soon();
}

void ZmqSocket::drain_soon() {
    if (soon_ != 0) return;
    soon_ = reactor_->after(Duration::zero(), [this] {
        soon_ = 0;
        drain();
    });
}

void ZmqSocket::watch(Reactor& reactor, std::function<void(ZmqMessage)> handler) {
    MUSTER_ASSERT(reactor_ == nullptr);
    reactor_ = &reactor;
    handler_ = std::move(handler);
    std::size_t size = sizeof fd_;
    const int result = ::zmq_getsockopt(socket_, ZMQ_FD, &fd_, &size);
    MUSTER_ASSERT(result == 0);
    reactor.watch(fd_, EPOLLIN, [this](std::uint32_t) { drain(); });
    drain_soon();  // what has arrived before raises no edge
}

Result<void> ZmqSocket::monitor(const ZmqContext& context, Reactor& reactor, int events,
                                std::function<void(ZmqEvent)> handler) {
    const auto uri = fmt::format("inproc://monitor-{}", fmt::ptr(socket_));
    if (::zmq_socket_monitor(socket_, uri.c_str(), events) != 0)
        return fail(Kind::internal, "ZeroMQ monitor: {}", os_error(errno));
    TRY_ASSIGN(monitor_, make(context, ZMQ_PAIR));
    if (const int error = monitor_->connect(uri); error != 0)
        return fail(Kind::internal, "ZeroMQ monitor: {}", os_error(error));
    monitor_->watch(reactor, [handler = std::move(handler)](const ZmqMessage& message) {
        std::uint16_t event = 0;
        std::int32_t value = 0;
        if (message.frames.empty() || message.frames[0].size() < sizeof event + sizeof value)
            return;
        std::memcpy(&event, message.frames[0].data(), sizeof event);
        std::memcpy(&value, message.frames[0].data() + sizeof event, sizeof value);
        handler({event, value});
    });
    return {};
}

}  // namespace muster::rehearsal
