// SPDX-License-Identifier: Apache-2.0
// What the leader knows of the ranks' resources, and who of them gets no more jobs.
#include <algorithm>

#include "broker.hpp"
#include "muster/base/idset.hpp"
#include "overlay_health.hpp"

namespace muster::rehearsal {
namespace {

/// The ranks that a command names, as an idset or as hosts. Errors: usage, with Flux's texts.
Result<std::vector<Rank>> parse_targets(const std::string& text,
                                        const std::vector<std::string>& hosts) {
    if (const auto ids = Idset::parse(text)) {
        if (!ids->empty() && ids->last() >= hosts.size())
            return fail(Kind::usage, "[Errno 22] idset is out of range");
        return ids->ids();
    }
    const auto names = Hostlist::parse(text);
    if (!names) return fail(Kind::usage, "[Errno 22] invalid hostlist");
    std::vector<Rank> ranks;
    for (const auto& name : names->hosts()) {
        const auto found = std::ranges::find(hosts, name);
        if (found == hosts.end())
            return fail(Kind::usage, "[Errno 2] invalid targets: {}: not found", name);
        ranks.push_back(static_cast<Rank>(found - hosts.begin()));
    }
    return ranks;
}

std::string name_ranks(const std::vector<Rank>& ranks) {
    Idset set;
    for (const Rank rank : ranks) set.insert(rank);
    return fmt::format("rank{} {}", set.size() == 1 ? "" : "s", set.format());
}

}  // namespace

void Broker::set_nodes(std::vector<Node> nodes) {
    for (auto& node : nodes) node.drained = drains_.contains(node.rank);
    jobs_->set_nodes(std::move(nodes));
}

json::Value Broker::resources() const {
    const auto health = overlay_health(setup_.overlay.tree, online_, gone_);
    auto ranks = json::Value::array();
    for (Rank rank = 0; rank < setup_.size(); ++rank) {
        auto one = json::Value::object();
        one.set("host", json::Value::string(host(rank)));
        one.set("health", json::Value::string(health[rank]));
        one.set("online", json::Value::boolean(online_.contains(rank)));
        const auto parent = setup_.overlay.tree.parent(rank);
        if (parent) one.set("parent", json::Value::integer(*parent));
        if (const auto drain = drains_.find(rank); drain != drains_.end())
            one.set("reason", json::Value::string(drain->second.reason))
                .set("since", json::Value::real(drain->second.since));
        ranks.append(one);
    }
    auto nodes = json::Value::array();
    for (const auto& node : jobs_->nodes()) {
        auto one = json::Value::object();
        one.set("rank", json::Value::integer(node.rank));
        one.set("cores", json::Value::integer(node.cores));
        one.set("used", json::Value::integer(node.used));
        one.set("up", json::Value::boolean(node.up));
        one.set("excluded", json::Value::boolean(!node.eligible));
        one.set("available", json::Value::boolean(node.available()));
        nodes.append(one);
    }
    auto body = json::Value::object().set("ranks", ranks).set("nodes", nodes);
    body.set("stopped", json::Value::boolean(state_ >= State::cleanup));
    if (r_) body.set("R", json::Value::string(resources::format_R(*r_)));
    return body;
}

Result<void> Broker::drain(const json::Value& body) {
    const auto text = body.get("targets").as_string().value_or("");
    TRY_ASSIGN(const auto ranks, parse_targets(text, setup_.overlay.hosts));
    std::vector<Rank> already;
    for (const Rank rank : ranks)
        if (drains_.contains(rank)) already.push_back(rank);
    const bool force = body.get("force").as_boolean().value_or(false);
    if (!already.empty() && !force)
        return fail(Kind::usage,
                    "[Errno 17] {} already drained\nflux-resource: INFO: Use --force to overwrite "
                    "existing drain reason",
                    name_ranks(already));
    const auto reason = body.get("reason").as_string().value_or("");
    const auto now = std::chrono::duration<double>(SystemClock().wall().time_since_epoch()).count();
    for (const Rank rank : ranks) {
        const auto [place, is_new] = drains_.try_emplace(rank, Drain{reason, now});
        if (!is_new) place->second.reason = reason;
        jobs_->set_drained(rank, true);
    }
    return {};
}

Result<void> Broker::undrain(const json::Value& body) {
    const auto text = body.get("targets").as_string().value_or("");
    TRY_ASSIGN(const auto ranks, parse_targets(text, setup_.overlay.hosts));
    std::vector<Rank> others;
    for (const Rank rank : ranks)
        if (!drains_.contains(rank)) others.push_back(rank);
    if (!others.empty()) return fail(Kind::usage, "{} not drained", name_ranks(others));
    for (const Rank rank : ranks) {
        drains_.erase(rank);
        jobs_->set_drained(rank, false);
    }
    return {};
}

}  // namespace muster::rehearsal
