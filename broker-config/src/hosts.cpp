// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/hosts.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "muster/base/assert.hpp"
#include "reader.hpp"
#include "uri.hpp"

namespace muster::broker_config {
namespace {

using RankOfHost = std::unordered_map<std::string, std::uint32_t>;

/// The value of a key, and the line of the entry that gave it.
struct Text {
    const std::string* value = nullptr;
    unsigned line = 0;
};

/// One host with the keys of all entries that name it, before tokens are replaced.
struct Host {
    std::string name;
    unsigned line = 0;
    Text bind = {};
    Text connect = {};
    Text parent = {};
};

void fill(Text& text, const std::optional<std::string>& value, unsigned line) {
    if (text.value == nullptr && value) text = {&*value, line};
}

tl::unexpected<Error> refuse_host(const Bootstrap& bootstrap, unsigned line, std::size_t index,
                                  std::string_view reason) {
    return refuse({bootstrap.file, line}, fmt::format("bootstrap.hosts[{}]", index), reason);
}

struct Hosts {
    std::vector<Host> list;  // in rank order
    RankOfHost ranks;
};

/// Flux's first pass: expand the lists, keep the order of first mention, merge repeated hosts.
Result<Hosts> expand(const Bootstrap& bootstrap) {
    Hosts hosts;
    for (std::size_t i = 0; i < bootstrap.hosts.size(); ++i) {
        const HostEntry& entry = bootstrap.hosts[i];
        const auto list = Hostlist::parse(entry.host);
        if (!list)
            return refuse_host(
                bootstrap, entry.line.number, i,
                fmt::format("host key is not a valid RFC 29 hostlist ({})", list.error().message));
        for (const std::string& name : list->hosts()) {
            const auto rank = static_cast<std::uint32_t>(hosts.list.size());
            const auto [known, is_new] = hosts.ranks.try_emplace(name, rank);
            if (is_new) hosts.list.push_back({.name = name, .line = entry.line.number});
            Host& host = hosts.list[known->second];
            fill(host.bind, entry.bind, entry.line.number);
            fill(host.connect, entry.connect, entry.line.number);
            fill(host.parent, entry.parent, entry.line.number);
        }
    }
    return hosts;
}

/// Flux's second pass, for one host.
class HostResolver {
  public:
    HostResolver(const Bootstrap& bootstrap, const RankOfHost& ranks, const Host& host,
                 std::uint32_t rank)
        : bootstrap_(bootstrap), ranks_(ranks), host_(host), rank_(rank) {}

    Result<Peer> resolve() const {
        TRY_ASSIGN(auto parent, find_parent());
        if (const auto valid = check_domain_name(host_.name); !valid)
            return refuse_here(host_.line, fmt::format("{} {}", host_.name, valid.error().message));
        TRY_ASSIGN(auto bind, make_uri("bind", host_.bind, bootstrap_.default_bind));
        TRY_ASSIGN(auto connect, make_uri("connect", host_.connect, bootstrap_.default_connect));
        return Peer{rank_, host_.name, std::move(bind), std::move(connect), parent};
    }

  private:
    tl::unexpected<Error> refuse_here(unsigned line, std::string_view reason) const {
        return refuse_host(bootstrap_, line, rank_, reason);
    }

    Result<std::optional<std::uint32_t>> find_parent() const {
        const auto [parent, line] = host_.parent;
        if (parent == nullptr) return rank_ == 0 ? std::nullopt : std::optional<std::uint32_t>(0);
        if (*parent == host_.name) return refuse_here(line, "parent key refers to self");
        const auto found = ranks_.find(*parent);
        if (found == ranks_.end()) return refuse_here(line, "parent key refers to unknown host");
        if (rank_ == 0)
            return refuse_here(line, fmt::format("rank 0 ({}) may not have a parent in a tree "
                                                 "topology",
                                                 host_.name));
        return found->second;
    }

    Result<std::optional<std::string>> make_uri(std::string_view key, const Text& own,
                                                const std::optional<std::string>& general) const {
        const std::string* pattern = own.value != nullptr ? own.value
                                     : general            ? &*general
                                                          : nullptr;
        if (pattern == nullptr) return std::nullopt;
        const unsigned line = own.value != nullptr ? own.line : host_.line;
        auto uri = expand_uri(*pattern, host_.name, bootstrap_.default_port);
        if (!uri) return refuse_here(line, fmt::format("{} key {}", key, uri.error().message));
        if (const auto checked = check_uri(*uri); !checked)
            return refuse_here(line, fmt::format("{} key {}", key, checked.error().message));
        return std::move(*uri);
    }

    const Bootstrap& bootstrap_;
    const RankOfHost& ranks_;
    const Host& host_;
    std::uint32_t rank_;
};

/// Every broker must reach rank 0 by its parents. Each is walked once: `settled` ranks do.
Result<void> refuse_cycles(const Bootstrap& bootstrap, std::span<const Peer> peers,
                           std::span<const Host> hosts) {
    enum class State : std::uint8_t { unknown, on_path, settled };
    std::vector<State> states(peers.size(), State::unknown);
    std::vector<std::uint32_t> path;
    for (const Peer& start : peers) {
        std::optional<std::uint32_t> rank = start.rank;
        for (path.clear(); rank && states[*rank] == State::unknown; rank = peers[*rank].parent) {
            states[*rank] = State::on_path;
            path.push_back(*rank);
        }
        if (rank && states[*rank] == State::on_path) {
            // Flux meets the cycle at its highest rank.
            const auto cycle = std::find(path.begin(), path.end(), *rank);
            const Peer& peer = peers[*std::max_element(cycle, path.end())];
            return refuse_host(
                bootstrap, hosts[peer.rank].parent.line, peer.rank,
                fmt::format("parent \"{}\" for {} (rank {}) violates rule against cycles",
                            peers[*peer.parent].host, peer.host, peer.rank));
        }
        for (const std::uint32_t done : path) states[done] = State::settled;
    }
    return {};
}

}  // namespace

bool Bootstrap::operator==(const Bootstrap& other) const {
    return curve_cert == other.curve_cert && default_port == other.default_port &&
           default_bind == other.default_bind && default_connect == other.default_connect &&
           enable_ipv6 == other.enable_ipv6 && hosts == other.hosts;
}

Result<std::vector<Peer>> resolve_hosts(const Bootstrap& bootstrap) {
    TRY_ASSIGN(const Hosts hosts, expand(bootstrap));
    std::vector<Peer> peers;
    peers.reserve(hosts.list.size());
    for (const Host& host : hosts.list) {
        const auto rank = static_cast<std::uint32_t>(peers.size());
        TRY_ASSIGN(auto peer, HostResolver(bootstrap, hosts.ranks, host, rank).resolve());
        peers.push_back(std::move(peer));
    }
    TRY(refuse_cycles(bootstrap, peers, hosts.list));
    return peers;
}

Result<std::uint32_t> rank_of(std::span<const Peer> peers, std::string_view hostname) {
    for (const Peer& peer : peers)
        if (peer.host == hostname) return peer.rank;
    return fail(Kind::config, "{} not found in hosts", hostname);
}

Result<void> check_bootstrap(const Bootstrap& bootstrap, std::span<const Peer> peers,
                             std::string_view hostname) {
    const Place hosts{bootstrap.file, bootstrap.line.number};
    if (const auto rank = rank_of(peers, hostname); !rank && !bootstrap.hosts.empty())
        return refuse(hosts, "bootstrap.hosts", rank.error().message);
    if (peers.size() > 1 && !bootstrap.curve_cert)
        return refuse(hosts, "bootstrap.curve_cert", "curve_cert must be defined for size > 1");
    for (const Peer& peer : peers) {
        if (!peer.parent) continue;
        const Peer& parent = peers[*peer.parent];
        if (!parent.bind)
            return refuse(hosts, "bootstrap.hosts",
                          fmt::format("bind URI is undefined for rank {}", parent.rank));
        if (!parent.connect)
            return refuse(hosts, "bootstrap.hosts",
                          fmt::format("connect URI is undefined for rank {}", parent.rank));
    }
    return {};
}

std::vector<HostEntry> make_host_entries(const Hostlist& hosts, const Topology& topology,
                                         std::span<const HostOverride> overrides) {
    struct Keys {
        std::optional<std::uint32_t> parent;
        const HostOverride* uris;
        bool operator==(const Keys&) const = default;
    };
    const auto size = static_cast<std::uint32_t>(hosts.size());
    std::vector<HostEntry> entries;
    std::vector<std::string> run;
    Keys keys{};
    const auto flush = [&] {
        if (run.empty()) return;
        HostEntry entry{.host = Hostlist(std::move(run)).format()};
        run.clear();
        if (keys.parent.value_or(0) != 0) entry.parent = hosts.hosts()[*keys.parent];
        if (keys.uris != nullptr) {
            entry.bind = keys.uris->bind;
            entry.connect = keys.uris->connect;
        }
        entries.push_back(std::move(entry));
    };
    for (std::uint32_t rank = 0; rank < size; ++rank) {
        Keys next{topology.parent_of(rank, size).value_or(0), nullptr};
        if (!overrides.empty() && overrides.front().rank == rank) {
            next.uris = &overrides.front();
            overrides = overrides.subspan(1);
        }
        if (next != keys) flush();
        keys = next;
        run.push_back(hosts.hosts()[rank]);
    }
    flush();
    MUSTER_ASSERT(overrides.empty());
    return entries;
}

}  // namespace muster::broker_config
