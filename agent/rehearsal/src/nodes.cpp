// SPDX-License-Identifier: Apache-2.0
// R, as Flux's resource module takes it from the configuration.
#include <algorithm>

#include "muster/base/fd.hpp"
#include "setup.hpp"

namespace muster::rehearsal {
namespace {

/// [[resource.config]]: hosts by entries; a host may be in several, whose resources add up.
Result<resources::R> from_entries(const std::vector<broker_config::ResourceEntry>& entries) {
    resources::R r;
    for (const auto& entry : entries) {
        TRY_ASSIGN(const auto hosts, Hostlist::parse(entry.hosts));
        TRY_ASSIGN(const auto cores, Idset::parse(entry.cores.value_or("")));
        for (const auto& host : hosts.hosts()) {
            auto node = std::ranges::find(r.nodes, host, &resources::R::Node::host);
            if (node == r.nodes.end()) {
                r.nodes.push_back({static_cast<Rank>(r.nodes.size()), host, {}, {}});
                node = r.nodes.end() - 1;
            }
            for (const auto core : cores.ids()) node->cores.insert(core);
        }
    }
    return r;
}

Result<resources::R> read_r(const broker_config::Resource& resource) {
    if (!resource.config.empty()) return from_entries(resource.config);
    const auto& path = *resource.path;
    auto text = read_file(path);
    if (!text)
        return fail(Kind::config, "{}: unable to open {}: {} on line -1", path, path,
                    text.error().message.substr(text.error().message.rfind(": ") + 2));
    return resources::parse_R(*text, path);
}

Result<void> exclude(std::vector<Node>& nodes, const std::vector<std::string>& hosts,
                     const std::string& text) {
    std::vector<Rank> ranks;
    if (const auto ids = Idset::parse(text)) {
        ranks = ids->ids();
        if (!ranks.empty() && ranks.back() >= hosts.size())
            return fail(Kind::config, "exclude set {} is out of range", text);
    } else {
        TRY_ASSIGN(const auto names,
                   within("error decoding exclude set " + text, Hostlist::parse(text)));
        for (const auto& name : names.hosts()) {
            const auto found = std::ranges::find(hosts, name);
            if (found == hosts.end())
                return fail(Kind::config,
                            "error decoding exclude set {}: Host {} not found in "
                            "resources",
                            text, name);
            ranks.push_back(static_cast<Rank>(found - hosts.begin()));
        }
    }
    for (auto& node : nodes)
        if (std::ranges::find(ranks, node.rank) != ranks.end()) node.eligible = false;
    return {};
}

}  // namespace

Result<std::optional<resources::R>> load_R(const Setup& setup) {
    const auto& resource = setup.resource;
    if (resource.config.empty() && !resource.path) return std::optional<resources::R>{};
    TRY_ASSIGN(auto r, read_r(resource));
    TRY_ASSIGN(r, within("error reranking R", resources::rerank(r, Hostlist(setup.overlay.hosts))));
    return std::optional<resources::R>(std::move(r));
}

Result<std::vector<Node>> load_nodes(const Setup& setup, const std::optional<resources::R>& r) {
    std::vector<Node> nodes;
    if (!r) return nodes;
    for (const auto& node : r->nodes)
        nodes.push_back(
            {.rank = node.rank, .cores = static_cast<std::uint32_t>(node.cores.size())});
    if (setup.resource.exclude) TRY(exclude(nodes, setup.overlay.hosts, *setup.resource.exclude));
    return nodes;
}

}  // namespace muster::rehearsal
