// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "muster/base/assert.hpp"
#include "muster/json.hpp"
#include "muster/resources/r.hpp"

namespace muster::resources {
namespace {

/// One entry of R_lite: the ranks that offer the same.
struct Group {
    Idset ranks;
    const R::Node* like;
};

/// The nodes' groups in order of their first rank. Ranks ascend, so inserting one is cheap.
std::vector<Group> group(const std::vector<R::Node>& nodes) {
    std::vector<Group> groups;
    std::map<std::pair<std::string, std::string>, std::size_t> known;
    const R::Node* previous = nullptr;
    std::size_t at = 0;
    for (const auto& node : nodes) {
        const bool as_before =
            previous != nullptr && previous->cores == node.cores && previous->gpus == node.gpus;
        if (!as_before) {
            const auto [place, added] =
                known.try_emplace({node.cores.format(), node.gpus.format()}, groups.size());
            at = place->second;
            if (added) groups.push_back({.ranks = {}, .like = &node});
        }
        groups[at].ranks.insert(node.rank);
        previous = &node;
    }
    return groups;
}

json::Value children(const R::Node& node) {
    auto result = json::Value::object();
    result.set("core", json::Value::string(node.cores.format()));
    if (!node.gpus.empty()) result.set("gpu", json::Value::string(node.gpus.format()));
    return result;
}

}  // namespace

Idset R::ranks() const {
    Idset ranks;
    for (const auto& node : nodes) ranks.insert(node.rank);
    return ranks;
}

Hostlist R::hosts() const {
    std::vector<std::string> names;
    names.reserve(nodes.size());
    for (const auto& node : nodes) names.push_back(node.host);
    return Hostlist(std::move(names));
}

Result<R> make_R(const Hostlist& hosts, std::span<const Shape> shapes) {
    if (hosts.empty()) return fail(Kind::config, "resources: there are no hosts");
    if (shapes.size() != hosts.size() && shapes.size() != 1)
        return fail(Kind::internal, "resources: {} shapes for {} hosts", shapes.size(),
                    hosts.size());
    if (hosts.without_duplicates().size() != hosts.size())
        return fail(Kind::config, "resources: a host is twice in '{}'",
                    hosts.format().substr(0, 80));
    R r;
    r.nodes.reserve(hosts.size());
    for (std::size_t rank = 0; rank < hosts.size(); ++rank) {
        const Shape& shape = shapes.size() == 1 ? shapes[0] : shapes[rank];
        if (shape.cores == 0) return fail(Kind::internal, "resources: rank {} has no cores", rank);
        r.nodes.push_back({
            .rank = static_cast<std::uint32_t>(rank),
            .host = hosts.hosts()[rank],
            .cores = Idset::range(0, shape.cores - 1),
            .gpus = shape.gpus == 0 ? Idset{} : Idset::range(0, shape.gpus - 1),
        });
    }
    return r;
}

std::string format_R(const R& r) {
    MUSTER_ASSERT(!r.nodes.empty());
    auto r_lite = json::Value::array();
    for (const auto& [ranks, like] : group(r.nodes)) {
        auto entry = json::Value::object();
        entry.set("rank", json::Value::string(ranks.format())).set("children", children(*like));
        r_lite.append(std::move(entry));
    }
    auto nodelist = json::Value::array();
    nodelist.append(json::Value::string(r.hosts().format()));
    auto execution = json::Value::object();
    execution.set("R_lite", std::move(r_lite))
        .set("starttime", json::Value::real(r.starttime))
        .set("expiration", json::Value::real(r.expiration))
        .set("nodelist", std::move(nodelist));
    if (!r.properties.empty()) {
        auto properties = json::Value::object();
        for (const auto& [name, ranks] : r.properties)
            properties.set(name, json::Value::string(ranks.format()));
        execution.set("properties", std::move(properties));
    }
    auto document = json::Value::object();
    document.set("version", json::Value::integer(1)).set("execution", std::move(execution));
    return document.format() + '\n';
}

}  // namespace muster::resources
