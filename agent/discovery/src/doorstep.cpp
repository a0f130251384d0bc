// SPDX-License-Identifier: Apache-2.0
#include "doorstep.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "muster/base/tcp_uri.hpp"

namespace muster::discovery {
namespace {

/// The others wait in the listener's queue, or dial again.
constexpr std::size_t most_guests = 256;
constexpr std::size_t opening_size = guest_mark_at + guest_mark.size();

Result<Fd> listen_at(const addrinfo& where) {
    Fd socket(::socket(where.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int yes = 1;
    const int no = 0;
    // As libzmq does, whose turn comes next.
    if (socket) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (socket && where.ai_family == AF_INET6)
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (!socket || ::bind(socket.get(), where.ai_addr, where.ai_addrlen) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0)
        return fail(Kind::unavailable, "{}", os_error(errno));
    return socket;
}

}  // namespace

Doorstep::~Doorstep() {
    while (!guests_.empty()) part_with(guests_.begin()->first);
    if (listener_) reactor_->forget(listener_.get());
}

Result<void> Doorstep::open(const std::string& uri, bool ipv6) {
    const auto place = split_tcp_uri(uri);
    if (!place) return fail(Kind::config, "{} is no TCP URI", uri);
    const bool is_any = place->host == "*";
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    if (is_any) hints.ai_family = ipv6 ? AF_INET6 : AF_INET;
    addrinfo* found = nullptr;
    if (::getaddrinfo(is_any ? nullptr : place->host.c_str(), place->port.c_str(), &hints,
                      &found) != 0)
        return fail(Kind::config, "{} is no address", uri);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    TRY_ASSIGN(listener_, within(uri, listen_at(*found)));
    listen();
    return {};
}

void Doorstep::listen() {
    reactor_->watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { welcome(); });
}

void Doorstep::welcome() {
    while (guests_.size() < most_guests) {
        Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!connection) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            // Out of descriptors: the queue would wake us for ever.
            if (errno != EAGAIN) reactor_->forget(listener_.get());
            return;
        }
        // Closed, it is reset: a guest that is let go must not leave this end in TIME_WAIT.
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        const int guest = connection.get();
        guests_[guest] = {std::move(connection)};
        reactor_->watch(guest, EPOLLIN, [this, guest](std::uint32_t) { listen_to(guest); });
    }
    reactor_->forget(listener_.get());
}

void Doorstep::listen_to(int guest) {
    auto& heard = guests_.at(guest).heard;
    std::array<std::uint8_t, 256> bytes{};
    const auto size = ::recv(guest, bytes.data(), bytes.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return part_with(guest);
    if (heard.size() >= opening_size) return;
    heard.insert(heard.end(), bytes.begin(), bytes.begin() + size);
    if (heard.size() < opening_size) return;
    const auto mark = heard.begin() + guest_mark_at;
    if (std::equal(guest_mark.begin(), guest_mark.end(), mark,
                   [](char left, std::uint8_t right) { return std::uint8_t(left) == right; }))
        ::send(guest, doorstep_words.data(), doorstep_words.size(), MSG_NOSIGNAL);
}

void Doorstep::part_with(int guest) {
    reactor_->forget(guest);
    guests_.erase(guest);
    listen();  // there is room again
}

}  // namespace muster::discovery
