// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/config.hpp"

#include <array>

#include "reader.hpp"
#include "tables.hpp"
#include "toml.hpp"

namespace muster::broker_config {
namespace {

template <class T>
void put(Table& table, std::string_view key, const std::optional<T>& value) {
    if (value) table.add(std::string(key), Value{*value});
}

void put_table(Table& root, std::string_view key, Table table) {
    if (!table.members().empty()) root.add(std::string(key), Value{std::move(table)});
}

Table export_entry(const HostEntry& entry) {
    Table table;
    table.add("host", Value{entry.host});
    put(table, "bind", entry.bind);
    put(table, "connect", entry.connect);
    put(table, "parent", entry.parent);
    return table;
}

Value export_bootstrap(const Bootstrap& bootstrap) {
    Table table;
    put(table, "curve_cert", bootstrap.curve_cert);
    if (bootstrap.default_port)
        table.add("default_port", Value{std::int64_t{*bootstrap.default_port}});
    put(table, "default_bind", bootstrap.default_bind);
    put(table, "default_connect", bootstrap.default_connect);
    if (bootstrap.enable_ipv6) table.add("enable_ipv6", Value{true});
    Array hosts;
    for (const auto& entry : bootstrap.hosts) hosts.push_back(Value{export_entry(entry)});
    if (!hosts.empty()) table.add("hosts", Value{std::move(hosts)});
    return Value{std::move(table)};
}

Table export_tbon(const Tbon& tbon) {
    Table table;
    put(table, "topo", tbon.topo);
    put(table, "connect_timeout", tbon.connect_timeout);
    put(table, "tcp_user_timeout", tbon.tcp_user_timeout);
    put(table, "torpid_min", tbon.torpid_min);
    put(table, "torpid_max", tbon.torpid_max);
    return table;
}

Table export_heartbeat(const Heartbeat& heartbeat) {
    Table table;
    put(table, "period", heartbeat.period);
    put(table, "timeout", heartbeat.timeout);
    put(table, "warn_thresh", heartbeat.warn_thresh);
    return table;
}

Table export_resource_entry(const ResourceEntry& entry) {
    Table table;
    table.add("hosts", Value{entry.hosts});
    put(table, "cores", entry.cores);
    put(table, "gpus", entry.gpus);
    Array properties;
    for (const auto& property : entry.properties) properties.push_back(Value{property});
    if (!properties.empty()) table.add("properties", Value{std::move(properties)});
    return table;
}

Table export_resource(const Resource& resource) {
    Table table;
    put(table, "path", resource.path);
    put(table, "exclude", resource.exclude);
    put(table, "noverify", resource.noverify);
    put(table, "norestrict", resource.norestrict);
    Array config;
    for (const auto& entry : resource.config) config.push_back(Value{export_resource_entry(entry)});
    if (!config.empty()) table.add("config", Value{std::move(config)});
    return table;
}

Table export_config(const BrokerConfig& config) {
    Table root;
    if (config.bootstrap) root.add("bootstrap", export_bootstrap(*config.bootstrap));
    put_table(root, "tbon", export_tbon(config.tbon));
    put_table(root, "heartbeat", export_heartbeat(config.heartbeat));
    put_table(root, "resource", export_resource(config.resource));
    Table qmanager;
    put(qmanager, "queue-policy", config.queue_policy);
    put_table(root, "sched-fluxion-qmanager", std::move(qmanager));
    return root;
}

/// The whole of what Flux and its modules check, in the order in which they would load.
Result<BrokerConfig> read_config(const Table& root) {
    BrokerConfig config;
    TRY_ASSIGN(config.bootstrap, read_bootstrap(root));
    TRY_ASSIGN(config.tbon, read_tbon(root));
    TRY_ASSIGN(config.heartbeat, read_heartbeat(root));
    TRY_ASSIGN(config.resource, read_resource(root));
    TRY(check_other_tables(root));
    TRY(check_policy(root));
    TRY_ASSIGN(config.queue_policy, read_fluxion(root));
    return config;
}

Result<void> refuse_topo(const Table& table) {
    const Value* tbon = table.find("tbon");
    const Value* topo =
        tbon != nullptr && tbon->table() != nullptr ? tbon->table()->find("topo") : nullptr;
    if (topo == nullptr) return {};
    return refuse(topo->place, "tbon.topo",
                  "muster computes the tree itself; remove this key and use --topology");
}

bool has(const Table& root, std::string_view table, std::string_view key) {
    const Value* value = root.find(table);
    return value != nullptr && value->table() != nullptr && value->table()->find(key) != nullptr;
}

}  // namespace

Result<std::vector<Peer>> resolve_hosts(const BrokerConfig& config) {
    if (!config.bootstrap) return std::vector<Peer>{};
    TRY_ASSIGN(auto peers, resolve_hosts(*config.bootstrap));
    const auto& topo = config.tbon.topo;
    if (!topo || *topo == "custom") return peers;
    TRY_ASSIGN(const auto topology, Topology::parse(*topo));
    const auto size = static_cast<std::uint32_t>(peers.size());
    for (Peer& peer : peers) peer.parent = topology.parent_of(peer.rank, size);
    return peers;
}

std::string format(const BrokerConfig& config) {
    return write_toml(export_config(config));
}

Result<BrokerConfig> parse(std::string_view text, std::string_view file) {
    TRY_ASSIGN(const Table root, read_toml(text, file));
    return read_config(root);
}

Result<Merged> merge(const BrokerConfig& ours, std::span<const UserFile> user) {
    if (user.empty()) return Merged{.text = format(ours), .config = ours};
    Table theirs;
    for (const auto& file : user) {
        TRY_ASSIGN(Table table, read_toml(file.text, file.file));
        TRY(refuse_topo(table));
        merge_tables(theirs, std::move(table));
    }
    Merged merged;
    merged.own_bootstrap = theirs.find("bootstrap") != nullptr;
    merged.own_resources = has(theirs, "resource", "path") || has(theirs, "resource", "config");
    BrokerConfig base = ours;
    if (merged.own_bootstrap) base.bootstrap.reset();
    Table root = export_config(base);
    merge_tables(root, std::move(theirs));
    TRY_ASSIGN(merged.config, read_config(root));
    if (const Value* queues = root.find("queues"); queues != nullptr)
        for (const auto& [name, queue] : queues->table()->members()) merged.queues.push_back(name);
    merged.text = write_toml(root);
    return merged;
}

Result<void> check_attribute(std::string_view name) {
    struct Row {
        std::string_view name;
        std::string_view mend;
    };
    static constexpr std::array<Row, 7> refused{{
        {"tbon.topo", "use --topology"},
        {"tbon.fanout", "use --topology kary:K"},
        {"rank", "use --rank"},
        {"size", "use --size and --max-size"},
        {"hostlist", "use --hosts"},
        {"hostname", "use --hosts and --rank"},
        {"broker.boot-method", "leave it out: muster boots by configuration"},
    }};
    for (const auto& row : refused)
        if (row.name == name)
            return fail(Kind::usage, "attribute {}: muster computes it; {}", name, row.mend);
    return {};
}

}  // namespace muster::broker_config
