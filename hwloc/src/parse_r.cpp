// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "muster/json.hpp"
#include "muster/resources/r.hpp"

namespace muster::resources {
namespace {

/// Ranks, cores and GPUs are numbered below it: a typing error must not fill the memory.
constexpr std::uint32_t most_ids = 1u << 20;

using Children = std::pair<Idset, Idset>;  // cores, gpus

Result<Idset> idset_at(const json::Value& object, const std::string& key) {
    TRY_ASSIGN(const std::string text, object.string_at(key));
    return within("'" + key + "'", Idset::parse(text, most_ids));
}

Result<Children> parse_children(const json::Value& children) {
    if (!children.is_object()) return fail(Kind::malformed, "'children' is missing or no object");
    TRY_ASSIGN(Idset cores, idset_at(children, "core"));
    if (cores.empty()) return fail(Kind::malformed, "'core' is empty");
    Idset gpus;
    // Flux decodes every child as an idset, of whatever kind.
    for (const auto& [kind, ids] : children.members()) {
        TRY_ASSIGN(auto decoded, idset_at(children, kind));
        if (kind == "gpu") gpus = std::move(decoded);
    }
    return Children{std::move(cores), std::move(gpus)};
}

/// R_lite's ranks with their children, ascending.
Result<std::map<std::uint32_t, Children>> parse_r_lite(const json::Value& r_lite) {
    if (!r_lite.is_array()) return fail(Kind::malformed, "'R_lite' is missing or no array");
    std::map<std::uint32_t, Children> nodes;
    std::size_t index = 0;
    for (const auto& entry : r_lite.items()) {
        const auto context = fmt::format("R_lite[{}]", index++);
        TRY_ASSIGN(const Idset ranks, within(context, idset_at(entry, "rank")));
        TRY_ASSIGN(const Children children, within(context, parse_children(entry.get("children"))));
        if (ranks.empty()) return fail(Kind::malformed, "{}: 'rank' is empty", context);
        for (const auto rank : ranks.ids()) {
            const auto [node, added] = nodes.try_emplace(rank, children);
            if (added) continue;
            // A rank in two entries has the resources of both, as in Flux.
            node->second.first.insert(children.first);
            node->second.second.insert(children.second);
        }
    }
    if (nodes.empty()) return fail(Kind::malformed, "'R_lite' names no ranks");
    return nodes;
}

Result<std::vector<std::string>> parse_nodelist(const json::Value& nodelist) {
    if (!nodelist.is_array()) return fail(Kind::malformed, "'nodelist' is missing or no array");
    std::vector<std::string> hosts;
    for (const auto& item : nodelist.items()) {
        const auto text = item.as_string();
        if (!text) return fail(Kind::malformed, "'nodelist' holds something that is no string");
        TRY_ASSIGN(const Hostlist part, within("'nodelist'", Hostlist::parse(*text)));
        hosts.insert(hosts.end(), part.hosts().begin(), part.hosts().end());
    }
    return hosts;
}

Result<std::map<std::string, Idset>> parse_properties(
    const json::Value& properties, const std::map<std::uint32_t, Children>& nodes) {
    std::map<std::string, Idset> result;
    if (!properties.is_object()) return fail(Kind::malformed, "'properties' is no object");
    for (const auto& [name, value] : properties.members()) {
        // RFC 20; Flux itself lets '!' pass.
        const auto illegal = name.find_first_of("!&'\"^`|()");
        if (name.empty() || illegal != std::string::npos)
            return fail(Kind::malformed, "property '{}' has a name that RFC 20 excludes", name);
        TRY_ASSIGN(Idset ranks, within("'properties'", idset_at(properties, name)));
        for (const auto rank : ranks.ids())
            if (!nodes.contains(rank))
                return fail(Kind::malformed, "property '{}': rank {} is not in 'R_lite'", name,
                            rank);
        result.emplace(name, std::move(ranks));
    }
    return result;
}

Result<double> parse_time(const json::Value& execution, const std::string& key) {
    if (!execution.has(key)) return 0.0;
    const auto time = execution.get(key).as_number();
    if (!time || !(*time >= 0.0))
        return fail(Kind::malformed, "'{}' is no number of seconds since the epoch", key);
    return *time;
}

Result<R> parse_document(std::string_view text) {
    TRY_ASSIGN(const json::Value document, json::Value::parse(text));
    if (!document.is_object()) return fail(Kind::malformed, "not a JSON object");
    TRY_ASSIGN(const std::int64_t version, document.integer_at("version"));
    if (version != 1) return fail(Kind::malformed, "version is {}, expected 1", version);
    const json::Value execution = document.get("execution");
    if (!execution.is_object()) return fail(Kind::malformed, "'execution' is missing or no object");

    R r;
    TRY_ASSIGN(auto nodes, parse_r_lite(execution.get("R_lite")));
    TRY_ASSIGN(auto hosts, parse_nodelist(execution.get("nodelist")));
    if (hosts.size() != nodes.size())
        return fail(Kind::malformed, "'nodelist' names {} hosts for {} ranks", hosts.size(),
                    nodes.size());
    if (execution.has("properties")) {
        TRY_ASSIGN(r.properties, parse_properties(execution.get("properties"), nodes));
    }
    TRY_ASSIGN(r.starttime, parse_time(execution, "starttime"));
    TRY_ASSIGN(r.expiration, parse_time(execution, "expiration"));
    if (r.starttime > 0.0 && r.expiration > 0.0 && r.expiration <= r.starttime)
        return fail(Kind::malformed, "'expiration' is not later than 'starttime'");
    r.nodes.reserve(nodes.size());
    auto host = hosts.begin();
    for (auto& [rank, children] : nodes)
        r.nodes.push_back({.rank = rank,
                           .host = std::move(*host++),
                           .cores = std::move(children.first),
                           .gpus = std::move(children.second)});
    return r;
}

}  // namespace

Result<R> parse_R(std::string_view text, std::string_view source) {
    return within(source, parse_document(text));
}

Result<R> rerank(const R& r, const Hostlist& hosts) {
    if (hosts.size() != r.nodes.size())
        return fail(Kind::config, "Number of hosts ({}) is {} than node count ({})", hosts.size(),
                    hosts.size() > r.nodes.size() ? "greater" : "less", r.nodes.size());
    std::unordered_map<std::string_view, const R::Node*> by_host;
    for (const auto& node : r.nodes) by_host.try_emplace(node.host, &node);
    R result{.nodes = {}, .properties = {}, .starttime = r.starttime, .expiration = r.expiration};
    std::unordered_map<std::uint32_t, std::uint32_t> new_rank;
    for (const auto& host : hosts.hosts()) {
        const auto found = by_host.find(host);
        if (found == by_host.end())
            return fail(Kind::config, "Host {} not found in resources", host);
        const auto rank = static_cast<std::uint32_t>(result.nodes.size());
        new_rank.emplace(found->second->rank, rank);
        result.nodes.push_back(*found->second);
        result.nodes.back().rank = rank;
    }
    for (const auto& [name, ranks] : r.properties) {
        Idset& moved = result.properties[name];
        for (const auto rank : ranks.ids())
            if (const auto found = new_rank.find(rank); found != new_rank.end())
                moved.insert(found->second);
    }
    return result;
}

}  // namespace muster::resources
