// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/peers.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "muster/base/tcp_uri.hpp"
#include "muster/bootstrap/handshakes.hpp"
#include "muster/broker_config.hpp"
#include "muster/doctor/text_table.hpp"

namespace muster::doctor {
namespace {

using discovery::Cause;
using discovery::Gate;

/// Sockets at a time; a pod may often open 1,024.
constexpr std::size_t at_once = 128;
/// A peer that does not listen has answered within this, or its first SYN was lost.
constexpr Duration limit_of_leaf = std::chrono::milliseconds(700);

/// Host and port of "tcp://HOST:PORT".
void set_target(Peer& peer, const std::string& uri) {
    const auto parts = split_tcp_uri(uri);
    if (!parts) return;
    peer.name = parts->host;
    std::from_chars(parts->port.data(), parts->port.data() + parts->port.size(), peer.port);
}

/// "10.0.0.7" of "10.0.0.7 port 8050", the last that was dialled.
std::string last_address(const discovery::Passage& passage) {
    if (!passage.address.empty()) return passage.address;
    std::string address;
    for (const auto& attempt : passage.attempts.list())
        if (attempt.gate != Gate::name) address = attempt.asked.substr(0, attempt.asked.find(' '));
    return address;
}

const OverlayNode* node_of(const std::vector<OverlayNode>& overlay, std::uint32_t rank) {
    const auto found = std::ranges::find(overlay, rank, &OverlayNode::rank);
    return found == overlay.end() ? nullptr : &*found;
}

std::string broker_text(const OverlayNode* node) {
    if (node == nullptr) return "-";
    return node->note.empty() ? node->status : fmt::format("{} ({})", node->status, node->note);
}

}  // namespace

Result<std::vector<Peer>> peers_of(const Pod& pod) {
    const auto& plan = pod.plan;
    const auto& identity = plan.identity;
    TRY_ASSIGN(const auto config, broker_config::parse(plan.broker_toml, plan.paths.broker_toml));
    std::vector<broker_config::Peer> brokers;
    if (config.bootstrap) {
        TRY_ASSIGN(brokers, broker_config::resolve_hosts(*config.bootstrap));
    }
    std::vector<Peer> peers;
    for (const auto& broker : brokers) {
        Peer peer{.rank = broker.rank, .host = broker.host, .port = pod.settings.port};
        peer.parent = broker.parent;
        if (broker.connect) set_target(peer, *broker.connect);
        // As the plan's own parent: names are asked of --dns, which Flux cannot.
        const bool by_number = broker.rank == 0 && pod.settings.leader_address;
        if (peer.name.empty() || (!identity.addresses.empty() && !by_number))
            peer.name = identity.dial_name(broker.rank);
        peer.name = discovery::whole_name(peer.name, pod.facts.pod, plan.family);
        peers.push_back(std::move(peer));
    }
    for (const auto& broker : brokers)
        if (broker.parent && *broker.parent < peers.size()) peers[*broker.parent].listens = true;
    if (peers.empty())
        peers.push_back({.rank = 0, .host = identity.host(), .name = identity.dial_name(0)});
    return peers;
}

PeerOutcome judge_peer(const Peer& peer, const discovery::Verdict& verdict) {
    PeerOutcome outcome;
    if (verdict) {
        outcome = {.reached = true,
                   .gate = Gate::curve,
                   .address = last_address(*verdict),
                   .text = "accepts our key",
                   .took = verdict->took};
        if (!peer.listens) outcome.text += ", though it has no children by this pod's settings";
        return outcome;
    }
    const auto& failure = verdict.error();
    const auto answered = failure.so_far.passed.at(static_cast<std::size_t>(Gate::address));
    outcome = {
        .gate = failure.gate, .address = last_address(failure.so_far), .took = failure.waited};
    if (!peer.listens && failure.gate >= Gate::listener && answered) {
        outcome.reached = true;
        outcome.gate = Gate::address;
        outcome.took = *answered;
        outcome.text = failure.cause == Cause::connection_refused
                           ? "answers; it has no children, so it does not listen"
                           : fmt::format(
                                 "answers; it has no children, but a program that is no "
                                 "broker of ours listens on port {}",
                                 peer.port);
        return outcome;
    }
    const auto error =
        discovery::describe(failure, fmt::format("rank {} ({})", peer.rank, peer.host));
    outcome.kind = error.kind;
    outcome.text = error.message;
    return outcome;
}

Result<std::vector<PeerOutcome>> try_peers(const Pod& pod, const std::vector<Peer>& peers,
                                           const curve::KeyPair& keys, Duration limit,
                                           const Clock& clock) {
    std::vector<discovery::ReachRequest> requests;
    for (const auto& peer : peers)
        requests.push_back({.peer = fmt::format("rank {} ({})", peer.rank, peer.host),
                            .name = peer.name,
                            .port = peer.port,
                            .family = pod.plan.family,
                            .wait = peer.listens ? limit : std::min(limit, limit_of_leaf),
                            .size = pod.plan.identity.max_size,
                            .say_waiting = false,
                            .platform = pod.plan.identity.platform,
                            .doubts = pod.plan.identity.doubts});
    TRY_ASSIGN(const auto verdicts,
               discovery::pass_all_gates(requests, bootstrap::make_handshakes(keys),
                                         pod.settings.dns, clock, at_once));
    std::vector<PeerOutcome> outcomes;
    for (std::size_t i = 0; i < peers.size(); ++i)
        outcomes.push_back(judge_peer(peers[i], verdicts[i]));
    return outcomes;
}

void heed_brokers(const std::vector<Peer>& peers, std::vector<PeerOutcome>& outcomes,
                  const std::vector<OverlayNode>& overlay) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
        auto& outcome = outcomes[i];
        const auto* node = node_of(overlay, peers[i].rank);
        if (peers[i].listens || !outcome.reached || node == nullptr || node->online()) continue;
        outcome.reached = false;
        outcome.kind = Kind::unavailable;
        outcome.text = fmt::format(
            "its address answers, but for Flux its broker is {}: run muster check in its pod",
            node->status);
    }
}

int peers_exit_code(const std::vector<PeerOutcome>& outcomes, std::uint32_t size) {
    for (std::size_t i = 0; i < outcomes.size() && i < size; ++i)
        if (!outcomes[i].reached) return exit_code(outcomes[i].kind.value_or(Kind::unavailable));
    return 0;
}

std::string format_peers(const std::vector<Peer>& peers, const std::vector<PeerOutcome>& outcomes,
                         const std::vector<OverlayNode>& overlay, std::uint32_t size) {
    std::vector<std::vector<std::string>> rows{
        {"RANK", "HOST", "PARENT", "NAME", "ADDRESS", "BROKER", "REACHED"}};
    std::size_t reached = 0;
    for (std::size_t i = 0; i < peers.size(); ++i) {
        const auto& peer = peers[i];
        const auto& outcome = outcomes[i];
        if (outcome.reached) ++reached;
        rows.push_back({std::to_string(peer.rank), peer.host,
                        peer.parent ? std::to_string(*peer.parent) : "-", peer.name,
                        outcome.address.empty() ? "-" : outcome.address,
                        broker_text(node_of(overlay, peer.rank)),
                        fmt::format("{}{}{}", outcome.reached ? "yes: " : "no: ",
                                    !outcome.reached && peer.rank >= size ? "(may be absent) " : "",
                                    outcome.text)});
    }
    return format_table(rows) + fmt::format("{} of {} reached\n", reached, peers.size());
}

json::Value peers_to_json(const std::vector<Peer>& peers, const std::vector<PeerOutcome>& outcomes,
                          const std::vector<OverlayNode>& overlay, std::uint32_t size) {
    using json::Value;
    auto ranks = Value::array();
    for (std::size_t i = 0; i < peers.size(); ++i) {
        const auto& peer = peers[i];
        const auto& outcome = outcomes[i];
        auto one = Value::object();
        one.set("rank", Value::integer(peer.rank))
            .set("host", Value::string(peer.host))
            .set("name", Value::string(peer.name))
            .set("port", Value::integer(peer.port))
            .set("listens", Value::boolean(peer.listens))
            .set("required", Value::boolean(peer.rank < size))
            .set("reached", Value::boolean(outcome.reached))
            .set("gate", Value::string(discovery::format(outcome.gate)))
            .set("text", Value::string(outcome.text))
            .set("took_us",
                 Value::integer(
                     std::chrono::duration_cast<std::chrono::microseconds>(outcome.took).count()));
        if (peer.parent) one.set("parent", Value::integer(*peer.parent));
        if (!outcome.address.empty()) one.set("address", Value::string(outcome.address));
        if (outcome.kind) one.set("code", Value::integer(exit_code(*outcome.kind)));
        if (const auto* node = node_of(overlay, peer.rank))
            one.set("broker", Value::string(broker_text(node)));
        ranks.append(one);
    }
    return Value::object()
        .set("command", Value::string("peers"))
        .set("size", Value::integer(size))
        .set("exit_code", Value::integer(peers_exit_code(outcomes, size)))
        .set("ranks", std::move(ranks));
}

}  // namespace muster::doctor
