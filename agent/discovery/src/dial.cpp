// SPDX-License-Identifier: Apache-2.0
#include "dial.hpp"

#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace muster::discovery {
namespace {

DialOutcome outcome_of(int error) {
    using What = DialOutcome::What;
    if (error == 0) return {What::listening, "connected", {}};
    if (error == ECONNREFUSED) return {What::refused, "connection refused: nothing listens", {}};
    if (error == ETIMEDOUT) return {What::silent, "no answer to the connection attempt", {}};
    return {What::unreachable, os_error(error), {}};
}

/// Starts to connect; 0 when it is on its way, else an errno.
int start(const std::string& address, std::uint16_t port, Fd& socket) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
        return EADDRNOTAVAIL;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    socket = Fd(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return errno;
    if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS)
        return 0;
    return errno;
}

}  // namespace

Dial::Dial(Reactor& reactor, const std::string& address, std::uint16_t port, Duration limit,
           Callback callback)
    : reactor_(&reactor), callback_(std::move(callback)) {
    if (const int error = start(address, port, socket_); error != 0) {
        timer_ = reactor_->after(Duration::zero(), [this, error] { finish(outcome_of(error)); });
        return;
    }
    timer_ = reactor_->after(limit, [this] { finish(outcome_of(ETIMEDOUT)); });
    reactor_->watch(socket_.get(), EPOLLOUT, [this](std::uint32_t) {
        int error = 0;
        socklen_t length = sizeof error;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
        finish(outcome_of(error));
    });
}

Dial::~Dial() {
    reactor_->cancel(timer_);
    if (socket_) reactor_->forget(socket_.get());
}

void Dial::finish(DialOutcome outcome) {
    reactor_->cancel(timer_);
    if (socket_) reactor_->forget(socket_.get());
    if (outcome.what == DialOutcome::What::listening) outcome.connection = std::move(socket_);
    socket_.reset();
    const auto callback = std::move(callback_);  // it may destroy this
    callback(std::move(outcome));
}

}  // namespace muster::discovery
