// SPDX-License-Identifier: Apache-2.0
#include "muster/local/dns_server.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace muster::local {
namespace {

constexpr std::size_t most_clients = 64;
constexpr std::size_t most_pending = 1u << 17;  // bytes in or out for one client
constexpr Duration idle_time = std::chrono::seconds(10);
constexpr int datagrams_at_once = 256;  // so that a flood cannot starve the rest of the loop

/// RFC 1035, 4.2.2: each message follows its length in two bytes.
bool has_message(std::span<const std::uint8_t> bytes) {
    return bytes.size() >= 2 &&
           bytes.size() - 2 >= static_cast<std::size_t>(bytes[0] << 8 | bytes[1]);
}

}  // namespace

DnsServer::DnsServer(Reactor& reactor, DnsSockets sockets, Zone zone)
    : reactor_(&reactor), sockets_(std::move(sockets)), zone_(std::move(zone)) {
    reactor_->watch(sockets_.udp.get(), EPOLLIN, [this](std::uint32_t) { on_datagram(); });
    reactor_->watch(sockets_.tcp.get(), EPOLLIN, [this](std::uint32_t) { on_connection(); });
}

DnsServer::~DnsServer() {
    reactor_->forget(sockets_.udp.get());
    reactor_->forget(sockets_.tcp.get());
    while (!clients_.empty()) drop(clients_.begin()->first);
}

void DnsServer::on_datagram() {
    std::array<std::uint8_t, 4096> buffer;  // filled by recvfrom
    for (int left = datagrams_at_once; left > 0; --left) {
        sockaddr_in from{};
        socklen_t length = sizeof from;
        auto* address = reinterpret_cast<sockaddr*>(&from);
        const ssize_t count = ::recvfrom(sockets_.udp.get(), buffer.data(), buffer.size(),
                                         MSG_DONTWAIT, address, &length);
        if (count < 0) return;
        ++questions_;
        const auto reply = answer(zone_, std::span(buffer).first(static_cast<std::size_t>(count)));
        if (!reply.empty())
            ::sendto(sockets_.udp.get(), reply.data(), reply.size(), MSG_DONTWAIT, address, length);
    }
}

void DnsServer::on_connection() {
    Fd socket(::accept4(sockets_.tcp.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket || clients_.size() >= most_clients) return;
    const int fd = socket.get();
    Client& client = clients_[fd];
    client.socket = std::move(socket);
    restart_idle_timer(fd, client);
    reactor_->watch(fd, EPOLLIN, [this, fd](std::uint32_t events) { on_client(fd, events); });
}

void DnsServer::on_client(int fd, std::uint32_t events) {
    Client& client = clients_.at(fd);
    const bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
    if (readable && !receive(client)) return drop(fd);
    do {  // again when everything could be sent: answers are made in portions
        if (!answer_all(client) || !send(client)) return drop(fd);
    } while (client.out.empty() && has_message(client.in));
    restart_idle_timer(fd, client);
    // Questions are not read on while their answers cannot be delivered.
    const std::uint32_t wanted =
        client.out.empty() ? std::uint32_t{EPOLLIN} : std::uint32_t{EPOLLOUT};
    reactor_->watch(fd, wanted, [this, fd](std::uint32_t ready) { on_client(fd, ready); });
}

bool DnsServer::receive(Client& client) {
    std::array<std::uint8_t, 4096> buffer;  // filled by recv
    const ssize_t count = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    client.in.insert(client.in.end(), buffer.begin(), buffer.begin() + count);
    return client.in.size() <= most_pending;
}

bool DnsServer::answer_all(Client& client) {
    std::span<const std::uint8_t> rest(client.in);
    while (has_message(rest) && client.out.size() < most_pending) {
        const std::size_t length = static_cast<std::size_t>(rest[0] << 8 | rest[1]);
        ++questions_;
        const auto reply = answer(zone_, rest.subspan(2, length));
        if (reply.empty()) return false;
        client.out.push_back(static_cast<std::uint8_t>(reply.size() >> 8));
        client.out.push_back(static_cast<std::uint8_t>(reply.size()));
        client.out.insert(client.out.end(), reply.begin(), reply.end());
        rest = rest.subspan(2 + length);
    }
    client.in.erase(client.in.begin(), client.in.end() - static_cast<std::ptrdiff_t>(rest.size()));
    return true;
}

bool DnsServer::send(Client& client) {
    if (client.out.empty()) return true;
    const ssize_t count =
        ::send(client.socket.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    client.out.erase(client.out.begin(), client.out.begin() + count);
    return true;
}

void DnsServer::restart_idle_timer(int fd, Client& client) {
    reactor_->cancel(client.idle);
    client.idle = reactor_->after(idle_time, [this, fd] { drop(fd); });
}

void DnsServer::drop(int fd) {
    const auto found = clients_.find(fd);
    reactor_->cancel(found->second.idle);
    reactor_->forget(fd);
    clients_.erase(found);
}

}  // namespace muster::local
