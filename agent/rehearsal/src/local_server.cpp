// SPDX-License-Identifier: Apache-2.0
#include "local_server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace muster::rehearsal {
namespace {

bool is_same_user(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

}  // namespace

Result<std::unique_ptr<LocalServer>> LocalServer::listen(Reactor& reactor, const std::string& path,
                                                         Handlers handlers) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail(Kind::io,
                    "length of {} bytes exceeds max {} to allow for AF_UNIX socket creation",
                    path.size(), sizeof address.sun_path - 1);
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
    std::unique_ptr<LocalServer> server(new LocalServer(reactor, path, std::move(handlers)));
    ::unlink(path.c_str());
    server->listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int fd = server->listener_.get();
    // NOLINTNEXTLINE: the sockets interface's own cast
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 64) != 0)
        return fail(Kind::io, "local socket {}: {}", path, os_error(errno));
    reactor.watch(fd, EPOLLIN, [self = server.get()](std::uint32_t) { self->accept(); });
    return server;
}

LocalServer::~LocalServer() {
    // What has been answered is still delivered, as far as the client's socket takes it.
    for (auto& [id, connection] : connections_) {
        flush(connection);
        reactor_.forget(connection.fd.get());
    }
    if (!listener_) return;
    reactor_.forget(listener_.get());
    ::unlink(path_.c_str());
}

void LocalServer::accept() {
    while (true) {
        Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd) return;
        if (!is_same_user(fd.get())) continue;
        const auto id = ++last_id_;
        connections_[id].fd = std::move(fd);
        watch(id);
    }
}

void LocalServer::watch(std::int64_t id) {
    auto& connection = connections_.at(id);
    const auto events = connection.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
    reactor_.watch(connection.fd.get(), events,
                   [this, id](std::uint32_t got) { on_events(id, got); });
}

void LocalServer::on_events(std::int64_t id, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        if (!flush(connections_.at(id))) return close(id);
        watch(id);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read(id)) close(id);
}

bool LocalServer::read(std::int64_t id) {
    std::array<char, 16384> buffer{};
    const auto got = ::read(connections_.at(id).fd.get(), buffer.data(), buffer.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    connections_.at(id).in.append({buffer.data(), static_cast<std::size_t>(got)});
    std::string frame;
    while (true) {
        const auto found = connections_.find(id);
        if (found == connections_.end()) return true;
        const auto more = found->second.in.next(frame);
        if (!more) return false;
        if (!*more) return true;
        auto message = decode(frame);
        if (!message) return false;
        handlers_.on_message(id, std::move(*message));
    }
}

bool LocalServer::flush(Connection& connection) {
    while (connection.sent < connection.out.size()) {
        const auto rest = std::string_view(connection.out).substr(connection.sent);
        const auto sent = ::send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN;
        connection.sent += static_cast<std::size_t>(sent);
    }
    connection.out.clear();
    connection.sent = 0;
    return true;
}

void LocalServer::send(std::int64_t id, const Message& message) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    auto& connection = found->second;
    const bool waiting = !connection.out.empty();
    connection.out += delimit(encode(message));
    if (waiting) return;
    flush(connection);  // a client that is gone is noticed by its next event
    if (!connection.out.empty()) watch(id);
}

void LocalServer::close(std::int64_t id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    reactor_.forget(found->second.fd.get());
    connections_.erase(found);
    handlers_.on_closed(id);
}

}  // namespace muster::rehearsal
