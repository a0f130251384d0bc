// SPDX-License-Identifier: Apache-2.0
// Who is online: what parents notice, and what the leader makes of it.
#include "broker.hpp"
#include "muster/base/hostlist.hpp"
#include "muster/base/idset.hpp"

namespace muster::rehearsal {

void Broker::on_child_lost(Rank child) {
    Message lost{.topic = "member.lost", .from = setup_.rank()};
    auto ranks = json::Value::array();
    for (const Rank rank : setup_.overlay.tree.subtree(child))
        ranks.append(json::Value::integer(rank));
    lost.body.set("ranks", ranks);
    send(std::move(lost));
    if (state_ == State::shutdown && children_->online() == 0) post("children-complete");
}

void Broker::on_child_left(Rank child) {
    Message left{.topic = "member.left", .from = setup_.rank()};
    left.body.set("ranks", json::Value::array().append(json::Value::integer(child)));
    send(std::move(left));
    if (state_ == State::shutdown && children_->online() == 0) post("children-complete");
}

void Broker::on_online(Rank rank, std::uint32_t cores) {
    if (rank >= setup_.size()) return;
    online_.insert(rank);
    gone_.erase(rank);
    cores_[rank] = cores;
    if (rank == 0)
        log_online();
    else
        note_online();
    set_dynamic_nodes();
    jobs_->set_up(rank, true);
    check_quorum();
}

void Broker::set_dynamic_nodes() {
    // As Flux: without a configured R there is none until every rank has told what it has.
    if (!dynamic_ || cores_.size() < setup_.size() || !jobs_->nodes().empty()) return;
    std::vector<Node> nodes;
    for (const auto& [rank, cores] : cores_)
        nodes.push_back({.rank = rank, .cores = cores, .up = online_.contains(rank)});
    set_nodes(std::move(nodes));
}

void Broker::on_offline(const Message& message) {
    const bool lost = message.topic == "member.lost";
    for (const auto& item : message.body.get("ranks").items()) {
        const auto rank = static_cast<Rank>(item.as_integer().value_or(-1));
        if (rank >= setup_.size() || online_.erase(rank) == 0) continue;
        gone_[rank] = lost ? "lost lost connection" : "offline administrative shutdown";
        if (state_ < State::cleanup || lost)
            log_(Severity::err, "broker", "dead to Flux: {} (rank {})", host(rank), rank);
        jobs_->lose(rank, host(rank));
    }
}

void Broker::note_online() {
    // A thousand brokers must not make a thousand lists of a thousand names.
    if (online_timer_ != 0) return;
    const std::chrono::milliseconds gather{setup_.size() <= 64 ? 50 : 1000};
    online_timer_ = reactor_.after(gather, [this] { log_online(); });
}

void Broker::log_online() {
    reactor_.cancel(online_timer_);
    online_timer_ = 0;
    Hostlist hosts;
    Idset ranks;
    for (const Rank rank : online_) {
        hosts.append(host(rank));
        ranks.insert(rank);
    }
    log_(Severity::info, "broker", "online: {} (ranks {})", hosts.format(), ranks.format());
}

void Broker::check_quorum() {
    if (state_ != State::quorum || online_.size() < setup_.quorum) return;
    reactor_.cancel(quorum_timer_);
    if (online_timer_ != 0) log_online();
    if (quorum_warned_) log_(Severity::err, "broker", "quorum reached");
    post("quorum-full");
}

void Broker::warn_of_quorum() {
    quorum_warned_ = true;
    Hostlist hosts;
    Idset ranks;
    for (Rank rank = 0; rank < setup_.size(); ++rank) {
        if (online_.contains(rank)) continue;
        hosts.append(host(rank));
        ranks.insert(rank);
    }
    log_(Severity::err, "broker", "quorum delayed: waiting for {} (rank {})", hosts.format(),
         ranks.format());
}

void Broker::beat() {
    children_->broadcast({.topic = std::string(topic::heartbeat)});
    heartbeat_timer_ = reactor_.after(setup_.overlay.heartbeat_period, [this] { beat(); });
}

}  // namespace muster::rehearsal
