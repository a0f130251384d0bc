// SPDX-License-Identifier: Apache-2.0
// [bootstrap], as src/common/libfluxutil/conf_bootstrap.c of Flux 0.88 reads it.
#include <algorithm>
#include <unordered_map>

#include "muster/base/hostlist.hpp"
#include "reader.hpp"
#include "tables.hpp"

namespace muster::broker_config {
namespace {

constexpr std::string_view hosts_key = "bootstrap.hosts";

tl::unexpected<Error> refuse_entry(const Value& entry, std::size_t index, std::string_view reason) {
    return refuse(entry.place, hosts_key, fmt::format("invalid hosts[{}]: {}", index, reason));
}

/// Flux's first pass looks at `host` only and counts entries.
Result<Hostlist> read_host_key(const Value& entry, std::size_t index) {
    const auto context = [&](std::string_view reason) {
        return refuse_entry(entry, index, reason);
    };
    if (entry.table() == nullptr)
        return context(fmt::format("Expected object, got {}", entry.type_name()));
    const Value* host = entry.table()->find("host");
    if (host == nullptr) return context("Object item not found: host");
    if (host->string() == nullptr)
        return context(fmt::format("Expected string, got {}", host->type_name()));
    auto list = Hostlist::parse(*host->string());
    if (!list)
        return context(
            fmt::format("host key is not a valid RFC 29 hostlist ({})", list.error().message));
    return list;
}

/// Flux's second pass counts ranks; `index` is the first rank that the entry names.
Result<HostEntry> read_entry(const Value& value, std::size_t index) {
    TableReader reader(value, fmt::format("{}: invalid hosts[{}]", hosts_key, index));
    HostEntry entry{.host = reader.required_string("host"),
                    .bind = reader.string("bind"),
                    .connect = reader.string("connect"),
                    .parent = reader.string("parent"),
                    .line = {value.place.line}};
    TRY(reader.finish());
    return entry;
}

Result<std::vector<HostEntry>> read_hosts(const Value& hosts) {
    if (hosts.array() == nullptr) return refuse(hosts.place, hosts_key, "must be array type");
    std::unordered_map<std::string, std::size_t> ranks;
    std::vector<std::size_t> first_rank;
    for (const Value& entry : *hosts.array()) {
        TRY_ASSIGN(const Hostlist list, read_host_key(entry, first_rank.size()));
        std::size_t first = ranks.size();
        for (const auto& host : list.hosts())
            first = std::min(first, ranks.try_emplace(host, ranks.size()).first->second);
        first_rank.push_back(first);
    }
    std::vector<HostEntry> entries;
    for (const Value& value : *hosts.array()) {
        TRY_ASSIGN(auto entry, read_entry(value, first_rank[entries.size()]));
        entries.push_back(std::move(entry));
    }
    return entries;
}

/// The port, where -1 is Flux's way to say that there is none.
std::optional<std::uint16_t> read_port(TableReader& reader) {
    const auto port = reader.integer("default_port");
    if (!port || *port == -1) return std::nullopt;
    if (*port < 0 || *port > 65535) {
        reader.fail("default_port", "default_port must be in the range of 0-65535");
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(*port);
}

}  // namespace

Result<std::optional<Bootstrap>> read_bootstrap(const Table& root) {
    const Value* table = root.find("bootstrap");
    if (table == nullptr) return std::nullopt;
    TableReader reader(*table, "bootstrap");
    const Value* hosts = reader.any("hosts");
    Bootstrap bootstrap{.curve_cert = reader.string("curve_cert"),
                        .default_port = read_port(reader),
                        .default_bind = reader.string("default_bind"),
                        .default_connect = reader.string("default_connect"),
                        .enable_ipv6 = reader.boolean("enable_ipv6").value_or(false),
                        .file = std::string(table->place.file),
                        .line = {(hosts != nullptr ? hosts : table)->place.line}};
    TRY(reader.finish());
    if (hosts != nullptr) {
        TRY_ASSIGN(bootstrap.hosts, read_hosts(*hosts));
    }
    TRY_ASSIGN(const auto peers, resolve_hosts(bootstrap));
    if (peers.size() > 1 && !bootstrap.curve_cert)
        return refuse(table->place, "bootstrap", "curve_cert must be defined for size > 1");
    return bootstrap;
}

}  // namespace muster::broker_config
