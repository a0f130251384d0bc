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

/// The hosts that an entry names, as far as they can be told.
std::vector<std::string> hosts_of(const Value& entry) {
    const Value* host = entry.table() != nullptr ? entry.table()->find("host") : nullptr;
    if (host == nullptr || host->string() == nullptr) return {};
    const auto list = Hostlist::parse(*host->string());
    return list ? list->hosts() : std::vector<std::string>{};
}

/// The index that Flux gives entry `position` in errors: it numbers entries whose `host` it cannot
/// read, and otherwise ranks, of which the lowest that the entry names comes first.
std::size_t index_of(const Array& entries, std::size_t position) {
    const auto hosts = hosts_of(entries[position]);
    if (hosts.empty()) return position;
    std::unordered_map<std::string, std::size_t> ranks;
    for (std::size_t i = 0; i < position; ++i)
        for (auto& host : hosts_of(entries[i])) ranks.try_emplace(std::move(host), ranks.size());
    std::size_t index = ranks.size();
    for (const auto& host : hosts)
        if (const auto known = ranks.find(host); known != ranks.end())
            index = std::min(index, known->second);
    return index;
}

Result<HostEntry> read_entry(const Value& value, std::size_t index) {
    TableReader reader(value, fmt::format("{}[{}]", hosts_key, index));
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
    std::vector<HostEntry> entries;
    for (const Value& value : *hosts.array()) {
        auto entry = read_entry(value, entries.size());
        if (!entry) entry = read_entry(value, index_of(*hosts.array(), entries.size()));
        if (!entry) return tl::unexpected<Error>(std::move(entry.error()));
        entries.push_back(std::move(*entry));
    }
    return entries;
}

/// The port, where -1 is Flux's way to say that there is none.
std::optional<std::uint16_t> read_port(TableReader& reader) {
    const auto port = reader.integer("default_port");
    if (!port || *port == -1) return std::nullopt;
    if (*port < 0 || *port > 65535) {
        reader.fail("default_port", "must be in the range of 0-65535");
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
        return refuse(table->place, "bootstrap.curve_cert",
                      "curve_cert must be defined for size > 1");
    return bootstrap;
}

}  // namespace muster::broker_config
