// SPDX-License-Identifier: Apache-2.0
#include "parent_link.hpp"

#include <netdb.h>
#include <sys/random.h>
#include <zmq.h>

#include <array>

#include "muster/base/assert.hpp"

namespace muster::rehearsal {
namespace {

std::string random_identity() {
    std::array<unsigned char, 16> bytes{};
    const auto got = ::getrandom(bytes.data(), bytes.size(), 0);
    MUSTER_ASSERT(got == static_cast<ssize_t>(bytes.size()));
    // A routing id must not start with a zero byte (zmq_setsockopt(3)), so it is text.
    std::string identity;
    for (const auto byte : bytes) identity += fmt::format("{:02x}", byte);
    return identity;
}

/// libzmq retries a failed look-up for ever without a word, so Flux asks once itself and warns.
void warn_of_invalid_host(BrokerLog& log, const std::string& uri) {
    constexpr std::string_view scheme = "tcp://";
    const auto colon = uri.rfind(':');
    if (!uri.starts_with(scheme) || colon == std::string::npos || colon < scheme.size()) return;
    std::string host = uri.substr(scheme.size(), colon - scheme.size());
    if (host.starts_with('[')) return;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), nullptr, nullptr, &found);
    if (error == 0)
        ::freeaddrinfo(found);
    else
        log(Severity::warning, "overlay", "unable to resolve upstream peer {}: {}", host,
            ::gai_strerror(error));
}

}  // namespace

Result<std::unique_ptr<ParentLink>> ParentLink::connect(const ZmqContext& context, Reactor& reactor,
                                                        BrokerLog& log,
                                                        const OverlayOptions& options,
                                                        const std::string& hostname,
                                                        const curve::KeyPair& keys,
                                                        const std::string& uri, Handlers handlers) {
    std::unique_ptr<ParentLink> made(
        new ParentLink(reactor, log, options, hostname, std::move(handlers)));
    auto* self = made.get();
    warn_of_invalid_host(log, uri);
    TRY_ASSIGN(made->socket_, ZmqSocket::make(context, ZMQ_DEALER));
    auto& socket = *made->socket_;
    socket.set(ZMQ_ROUTING_ID, random_identity());
    socket.set(ZMQ_IPV6, options.ipv6 ? 1 : 0);
    socket.set(ZMQ_CONNECT_TIMEOUT, static_cast<int>(options.connect_timeout.count()));
    socket.set(ZMQ_TCP_MAXRT, static_cast<int>(options.tcp_user_timeout.count()));
    socket.set_curve_client(keys);
    // A hello that a parent took to its grave would leave us in join for ever: say it again to
    // whoever answers there next.
    TRY(socket.monitor(context, reactor, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, [self](ZmqEvent) {
        if (!self->joined_) self->say_hello();
    }));
    if (const int error = socket.connect(uri); error != 0)
        return fail(Kind::config, "error connecting to {}: {}", uri, os_error(error));
    socket.watch(reactor, [self](const ZmqMessage& raw) { self->receive(raw); });
    return made;
}

ParentLink::~ParentLink() {
    reactor_.cancel(keepalive_timer_);
    reactor_.cancel(heartbeat_timer_);
}

void ParentLink::say_hello() {
    Message hello{.topic = std::string(topic::hello), .from = options_.rank, .to = parent()};
    hello.body.set("hostname", json::Value::string(hostname_));
    hello.body.set("version", json::Value::string(options_.version));
    send(hello);
}

void ParentLink::send(const Message& message) {
    const auto frame = encode(message);
    socket_->send(std::array<std::string_view, 1>{frame});
    sent_ = reactor_.now();
}

void ParentLink::receive(const ZmqMessage& raw) {
    if (raw.frames.size() != 1) return;
    auto message = decode(raw.frames[0]);
    if (message)
        handle(std::move(*message));
    else
        log_(Severity::err, "overlay", "DROP upstream message: {}", message.error().message);
}

void ParentLink::handle(Message message) {
    const auto& what = message.topic;
    if (what == topic::welcome || what == topic::state) {
        const auto state = parse_state(message.body.get("state").as_string().value_or(""));
        if (!state) return;
        if (what == topic::welcome && !joined_) {
            joined_ = true;
            keepalive();
        }
        // A parent that is in join itself has no heartbeats to pass on yet.
        if (*state >= State::quorum && heartbeat_timer_ == 0) {
            heard_ = reactor_.now();
            expect_heartbeat();
        }
        handlers_.on_state(*state);
    } else if (what == topic::heartbeat) {
        heard_ = reactor_.now();
        warned_ = false;
        handlers_.on_heartbeat();
    } else if (what == topic::refused) {
        handlers_.on_rejected(message.body.get("text").as_string().value_or(""));
    } else if (what == topic::disconnect) {
        log_(Severity::crit, "overlay", "{} (rank {}) sent disconnect control message",
             options_.hosts.at(parent()), parent());
        handlers_.on_disconnected();
    } else if (what == topic::farewell) {
        handlers_.on_farewell();
    } else if (what != topic::probe) {
        handlers_.on_message(std::move(message));
    }
}

void ParentLink::keepalive() {
    const auto now = reactor_.now();
    const auto least = options_.torpid_min;
    if (now - sent_ >= least)
        send({.topic = std::string(topic::keepalive), .from = options_.rank, .to = parent()});
    keepalive_timer_ = reactor_.after(least - (now - sent_ < least ? now - sent_ : Duration{}),
                                      [this] { keepalive(); });
}

void ParentLink::expect_heartbeat() {
    // One timer that looks at the clock when it fires: a heartbeat costs no timer of its own.
    const auto warn_after = options_.heartbeat_period * options_.heartbeat_warn_thresh;
    Duration next = warn_after;
    if (options_.heartbeat_timeout.count() > 0)
        next = warned_ ? Duration(options_.heartbeat_timeout)
                       : std::min<Duration>(next, options_.heartbeat_timeout);
    const Duration left = next - (reactor_.now() - heard_);
    heartbeat_timer_ = reactor_.after(std::max<Duration>(left, std::chrono::milliseconds(50)),
                                      [this] { overdue(); });
}

void ParentLink::overdue() {
    const auto silent = reactor_.now() - heard_;
    if (!warned_ && silent >= options_.heartbeat_period * options_.heartbeat_warn_thresh) {
        warned_ = true;
        log_(Severity::warning, "heartbeat", "heartbeat overdue");
    }
    if (options_.heartbeat_timeout.count() > 0 && silent >= options_.heartbeat_timeout) {
        log_(Severity::crit, "overlay", "disconnecting: no heartbeat for {}",
             format_fsd(std::chrono::round<std::chrono::seconds>(silent)));
        handlers_.on_disconnected();
        return;
    }
    if (warned_ && options_.heartbeat_timeout.count() == 0) {
        // Nothing more to decide until a heartbeat comes; look again at the pace of warnings.
        heartbeat_timer_ = reactor_.after(
            options_.heartbeat_period * options_.heartbeat_warn_thresh, [this] { overdue(); });
        return;
    }
    expect_heartbeat();
}

}  // namespace muster::rehearsal
