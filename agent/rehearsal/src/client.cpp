// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace muster::rehearsal {
namespace {

constexpr std::string_view scheme = "local://";
constexpr std::string_view system_socket = "local:///run/flux/local";

tl::unexpected<Error> broker_gone() {
    return fail(Kind::unavailable, "lost connection to the broker");
}

}  // namespace

Result<Client> Client::connect(const Environment& environment) {
    const auto given = environment.find("FLUX_URI");
    const std::string uri(given == environment.end() ? system_socket : given->second);
    if (!uri.starts_with(scheme))
        return fail(Kind::unavailable, "Unable to connect to Flux: {}: not a {} URI", uri, scheme);
    const auto path = uri.substr(scheme.size());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail(Kind::unavailable, "Unable to connect to Flux: {}: path too long", path);
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // NOLINTNEXTLINE: the sockets interface's own cast
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (!fd || ::connect(fd.get(), generic, sizeof address) != 0) {
        const int error = errno;
        if (error == ENOENT)
            return fail(Kind::unavailable,
                        "Unable to connect to Flux: broker socket {} was not found", path);
        return fail(Kind::unavailable, "Unable to connect to Flux: {}: {}", path, os_error(error));
    }
    return Client(std::move(fd));
}

Result<std::int64_t> Client::send(std::string_view topic, json::Value body) {
    const auto request = ++last_request_;
    body.set("request", json::Value::integer(request));
    const auto bytes = delimit(encode({.topic = std::string(topic), .body = std::move(body)}));
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const auto sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return broker_gone();
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return request;
}

bool Client::take_signal() {
    signalfd_siginfo info{};
    if (!signals_ || ::read(signals_.get(), &info, sizeof info) != sizeof info) return false;
    caught_ = static_cast<int>(info.ssi_signo);
    return true;
}

Result<std::optional<Message>> Client::receive() {
    std::string frame;
    while (true) {
        TRY_ASSIGN(const bool whole, in_.next(frame));
        if (whole) {
            TRY_ASSIGN(auto message, decode(frame));
            return message;
        }
        std::array<pollfd, 2> polled = {{{.fd = fd_.get(), .events = POLLIN, .revents = 0},
                                         {.fd = signals_.get(), .events = POLLIN, .revents = 0}}};
        if (::poll(polled.data(), signals_ ? 2 : 1, -1) < 0 && errno != EINTR) return broker_gone();
        if (polled[1].revents != 0 && take_signal()) return std::nullopt;
        if (polled[0].revents == 0) continue;
        std::array<char, 65536> buffer{};
        const auto got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return broker_gone();
        in_.append({buffer.data(), static_cast<std::size_t>(got)});
    }
}

Result<json::Value> Client::ask(std::string_view topic, json::Value body) {
    TRY_ASSIGN(const auto request, send(topic, std::move(body)));
    while (true) {
        TRY_ASSIGN(const auto message, receive());
        if (!message) return fail(Kind::unavailable, "interrupted");
        if (message->body.get("request").as_integer() != request) continue;
        if (message->topic == topic::done) return message->body;
        if (message->topic == topic::error)
            return fail(Kind::usage, "{}", message->body.get("text").as_string().value_or(""));
    }
}

Result<void> Client::catch_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail(Kind::internal, "receive signals: {}", os_error(errno));
    return {};
}

}  // namespace muster::rehearsal
