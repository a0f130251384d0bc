// SPDX-License-Identifier: Apache-2.0
#include "children.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>

namespace muster::rehearsal {
namespace {

using std::chrono::milliseconds;

/// MAJOR.MINOR
std::string_view release(std::string_view version) {
    const auto first = version.find('.');
    const auto second = first == std::string_view::npos ? first : version.find('.', first + 1);
    return version.substr(0, second);
}

Message control(std::string_view name) {
    return Message{.topic = std::string(name)};
}

Message state_message(std::string_view name_of_topic, State state) {
    auto message = control(name_of_topic);
    message.body.set("state", json::Value::string(name(state)));
    return message;
}

}  // namespace

Result<std::unique_ptr<Children>> Children::listen(const ZmqContext& context, Reactor& reactor,
                                                   BrokerLog& log, const OverlayOptions& options,
                                                   const curve::KeyPair& keys,
                                                   const std::string& uri, Handlers handlers) {
    std::unique_ptr<Children> made(new Children(reactor, log, options, std::move(handlers)));
    auto* self = made.get();
    TRY_ASSIGN(made->zap_, ZapServer::make(context, reactor, keys.public_key, [&log] {
                   log(Severity::err, "overlay", "overlay auth No access");
               }));
    TRY_ASSIGN(made->socket_, ZmqSocket::make(context, ZMQ_ROUTER));
    auto& socket = *made->socket_;
    socket.set(ZMQ_ROUTER_MANDATORY, 1);
    socket.set(ZMQ_BACKLOG, 1024);
    socket.set(ZMQ_IPV6, options.ipv6 ? 1 : 0);
    socket.set(ZMQ_TCP_MAXRT, static_cast<int>(options.tcp_user_timeout.count()));
    socket.set_curve_server(keys, ZapServer::domain);
    TRY(socket.monitor(context, reactor, ZMQ_EVENT_DISCONNECTED,
                       [self](ZmqEvent event) { self->on_disconnected(event.value); }));
    if (const int error = socket.bind(uri); error != 0)
        return fail(Kind::unavailable, "error binding to {}: {}", uri, os_error(error));
    socket.watch(reactor, [self](const ZmqMessage& raw) { self->receive(raw); });
    self->check_torpid();
    return made;
}

Children::~Children() {
    reactor_.cancel(probe_timer_);
    reactor_.cancel(torpid_timer_);
}

std::string Children::host(std::uint64_t rank) const {
    return rank < options_.hosts.size() ? options_.hosts[rank] : "(null)";
}

int Children::send_to(const std::string& identity, const Message& message) {
    const auto frame = encode(message);
    return socket_->send(std::array<std::string_view, 2>{identity, frame});
}

bool Children::send_frame(Rank child, std::string_view frame) {
    const auto found = by_rank_.find(child);
    if (found == by_rank_.end()) return false;
    const std::array<std::string_view, 2> frames = {found->second.identity, frame};
    if (socket_->send(frames) != EHOSTUNREACH) return true;
    // With ZMQ_ROUTER_MANDATORY this means that the connection of a peer that we knew has ended.
    const auto below = options_.tree.subtree(child).size() - 1;
    log_(Severity::err, "overlay", "{} (rank {}) failed{}", host(child), child,
         below == 0 ? "" : fmt::format(" and severed contact with {} other nodes", below));
    lose(child);
    return false;
}

bool Children::send(Rank child, const Message& message) {
    return send_frame(child, encode(message));
}

void Children::broadcast(const Message& message) {
    const auto frame = encode(message);
    for (const Rank child : options_.tree.children(options_.rank)) send_frame(child, frame);
}

void Children::announce(State state) {
    state_ = state;
    broadcast(state_message(topic::state, state));
}

void Children::disconnect_all() {
    for (const auto& [rank, child] : by_rank_) send_to(child.identity, control(topic::disconnect));
    by_rank_.clear();
    by_identity_.clear();
}

void Children::lose(Rank child) {
    const auto found = by_rank_.find(child);
    if (found == by_rank_.end()) return;
    by_identity_.erase(found->second.identity);
    by_rank_.erase(found);
    handlers_.on_lost(child);
}

void Children::receive(const ZmqMessage& raw) {
    if (raw.frames.size() != 2) return;
    const auto& identity = raw.frames[0];
    auto message = decode(raw.frames[1]);
    if (!message) {
        log_(Severity::err, "overlay", "DROP downstream message: {}", message.error().message);
        return;
    }
    if (message->topic == topic::hello) return hello(identity, raw.connection, *message);
    const auto known = by_identity_.find(identity);
    if (known == by_identity_.end()) {
        // Someone of an earlier life, or declared lost: Flux sends it away.
        if (message->topic == topic::goodbye)
            send_to(identity, control(topic::farewell));
        else
            send_to(identity, control(topic::disconnect));
        return;
    }
    const Rank rank = known->second;
    auto& child = by_rank_.at(rank);
    child.seen = reactor_.now();
    child.connection = raw.connection;
    if (message->topic == topic::goodbye) {
        send_to(identity, control(topic::farewell));
        by_rank_.erase(rank);
        by_identity_.erase(known);
        handlers_.on_left(rank);
    } else if (message->topic != topic::keepalive) {
        handlers_.on_message(std::move(*message));
    }
}

std::string Children::objection(const Message& message) const {
    const auto hostname = message.body.get("hostname").as_string().value_or("");
    const auto rank = message.from;
    if (hostname != host(rank))
        return fmt::format("{} is configured as rank {}: mismatched config?", host(rank), rank);
    if (rank == options_.rank || options_.tree.parent(rank) != options_.rank)
        return fmt::format("rank {} is not a child of rank {}: mismatched config?", rank,
                           options_.rank);
    return "";
}

void Children::hello(const std::string& identity, int connection, const Message& message) {
    const Rank rank = message.from;
    const auto refuse = [&](std::string_view text) {
        auto reply = control(topic::refused);
        reply.body.set("text", json::Value::string(text));
        send_to(identity, reply);
        send_to(identity, control(topic::disconnect));
    };
    if (const auto why = objection(message); !why.empty()) {
        log_(Severity::err, "overlay", "rejecting connection from {} (rank {}): {}",
             message.body.get("hostname").as_string().value_or(host(rank)), rank, why);
        return refuse(why.starts_with("rank ") ? why : "Invalid argument");
    }
    const auto known = by_rank_.find(rank);
    auto noticed = Severity::debug;
    if (known != by_rank_.end() && known->second.identity != identity) {
        noticed = Severity::err;
        log_(Severity::err, "overlay",
             "{} (rank {}) reconnected after crash, dropping old connection state", host(rank),
             rank);
        lose(rank);
    }
    const auto version = message.body.get("version").as_string().value_or("");
    if (release(version) != release(options_.version))
        return refuse(fmt::format("client ({}) version mismatched with server ({})", version,
                                  options_.version));
    by_rank_[rank] = Child{identity, connection, reactor_.now()};
    by_identity_[identity] = rank;
    log_(noticed, "overlay", "accepting connection from {} (rank {}) status full", host(rank),
         rank);
    send_to(identity, state_message(topic::welcome, state_));
}

void Children::on_disconnected(int connection) {
    // The pipe behind the connection is torn down a moment later; only then sending tells.
    broken_.insert(connection);
    if (probe_timer_ != 0) return;
    probe_timer_ = reactor_.after(milliseconds(20), [this] {
        probe_timer_ = 0;
        std::vector<Rank> suspects;
        for (const auto& [rank, child] : by_rank_)
            if (broken_.contains(child.connection)) suspects.push_back(rank);
        broken_.clear();
        const auto frame = encode(control(topic::probe));
        for (const Rank rank : suspects) send_frame(rank, frame);
    });
}

void Children::check_torpid() {
    const auto limit = options_.torpid_max;
    for (auto& [rank, child] : by_rank_) {
        const auto silent = reactor_.now() - child.seen;
        const bool torpid = limit.count() > 0 && silent >= limit;
        if (torpid == child.torpid) continue;
        child.torpid = torpid;
        if (torpid)
            log_(Severity::err, "overlay", "broker on {} (rank {}) has been unresponsive for {}",
                 host(rank), rank, format_fsd(silent));
        else
            log_(Severity::err, "overlay", "broker on {} (rank {}) is responsive now", host(rank),
                 rank);
    }
    torpid_timer_ = reactor_.after(options_.torpid_min, [this] { check_torpid(); });
}

}  // namespace muster::rehearsal
