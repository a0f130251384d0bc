// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/plan.hpp"

#include <charconv>

#include "muster/base/tcp_uri.hpp"
#include "program.hpp"

namespace muster::bootstrap {
namespace {

constexpr std::size_t longest_socket_path = 107;  // sockaddr_un(7), less the final NUL

/// What the instance looks like, from our own computation or from the user's [bootstrap].
struct Instance {
    discovery::Identity identity;
    broker_config::Merged merged;
    std::vector<broker_config::Peer> peers;
    discovery::FamilyChoice family;
};

std::vector<broker_config::HostOverride> make_overrides(const discovery::Identity& identity,
                                                        const broker_config::Topology& topology) {
    std::vector<broker_config::HostOverride> overrides;
    if (!identity.addresses.empty() || !identity.names.empty()) {
        std::vector<bool> has_children(identity.max_size, false);
        for (std::uint32_t rank = 1; rank < identity.max_size; ++rank)
            has_children[*topology.parent_of(rank, identity.max_size)] = true;
        for (std::uint32_t rank = 0; rank < identity.max_size; ++rank) {
            if (!has_children[rank]) continue;
            broker_config::HostOverride& one = overrides.emplace_back();
            one.rank = rank;
            one.connect = broker_config::tcp_uri(identity.connect_name(rank));
            if (!identity.addresses.empty())
                one.bind = broker_config::tcp_uri(identity.addresses[rank]);
        }
    }
    if (!identity.leader_address.empty()) {
        const auto uri = broker_config::tcp_uri(identity.leader_address);
        if (overrides.empty())
            overrides.push_back({.rank = 0, .bind = {}, .connect = uri});
        else
            overrides.front().connect = uri;
    }
    return overrides;
}

Result<broker_config::BrokerConfig> make_broker_config(const Settings& settings,
                                                       const discovery::Identity& identity,
                                                       const LocalFacts& facts, const Paths& paths,
                                                       bool enable_ipv6) {
    TRY_ASSIGN(const auto topology, within("--topology (MUSTER_TOPOLOGY)",
                                           broker_config::Topology::parse(settings.topology)));
    if (identity.platform == discovery::Platform::compose && settings.topology != "flat")
        return fail(Kind::config,
                    "--topology (MUSTER_TOPOLOGY) is {}, but compose may leave gaps in the ranks, "
                    "and whoever has a gap for a parent never joins: use flat",
                    settings.topology);
    const bool explicit_shapes = settings.resources || settings.cores || settings.gpus;
    return broker_config::make_config({
        .hosts = identity.hosts,
        .topology = topology,
        .curve_cert = paths.curve_cert,
        .port = settings.port,
        .bind = broker_config::tcp_uri(settings.bind),
        .connect = fmt::format("tcp://%h{}:%p", identity.suffix),
        .enable_ipv6 = enable_ipv6,
        .overrides = make_overrides(identity, topology),
        .resource_path = paths.resources,
        // Flux compares R with hwloc and the real hostname, and drains on a difference: right,
        // unless the user overrode them.
        .noverify = explicit_shapes || identity.host() != facts.pod.hostname,
        .exclude = settings.exclude,
        .elastic = identity.max_size > identity.size,
    });
}

/// The user's [bootstrap] replaces ours: rank and size follow from it.
Result<discovery::Identity> identity_from_bootstrap(const Settings& settings,
                                                    const broker_config::Bootstrap& bootstrap,
                                                    const std::vector<broker_config::Peer>& peers,
                                                    const std::string& hostname) {
    if (bootstrap.hosts.empty())
        return fail(Kind::config,
                    "{}:{}: bootstrap.hosts: it is missing, and a [bootstrap] of yours replaces "
                    "muster's as a whole: list the hosts, or leave [bootstrap] out",
                    bootstrap.file, bootstrap.line.number);
    TRY(broker_config::check_bootstrap(bootstrap, peers, hostname));
    TRY_ASSIGN(const std::uint32_t rank, broker_config::rank_of(peers, hostname));
    discovery::Identity identity{.platform = discovery::Platform::list, .rank = rank};
    identity.max_size = static_cast<std::uint32_t>(peers.size());
    identity.size = settings.size.value_or(identity.max_size);
    if (identity.size > identity.max_size)
        return fail(Kind::usage, "size {} is larger than the {} hosts of [bootstrap]",
                    identity.size, identity.max_size);
    for (const auto& peer : peers) identity.hosts.append(peer.host);
    identity.instance = identity.hosts.format();
    return identity;
}

discovery::Family family_of(IpFamily ip) {
    switch (ip) {
        case IpFamily::ipv4:
            return discovery::Family::ipv4;
        case IpFamily::ipv6:
            return discovery::Family::ipv6;
        case IpFamily::any:
            break;
    }
    return discovery::Family::any;
}

Result<Instance> make_instance(const Settings& settings, const LocalFacts& facts,
                               const Paths& paths) {
    std::vector<broker_config::UserFile> user;
    Instance instance;
    if (facts.user_config) {
        user.push_back(*facts.user_config);
        // With a [bootstrap] of the user's own, the platform need not tell anything.
        TRY_ASSIGN(instance.merged, broker_config::merge({}, user));
    }
    if (instance.merged.own_bootstrap) {
        broker_config::BrokerConfig ours = broker_config::make_config(
            {.hosts = Hostlist({facts.pod.hostname}), .resource_path = paths.resources});
        TRY_ASSIGN(instance.merged, broker_config::merge(ours, user));
        const auto& bootstrap = *instance.merged.config.bootstrap;
        TRY_ASSIGN(instance.peers, broker_config::resolve_hosts(bootstrap));
        TRY_ASSIGN(instance.identity,
                   identity_from_bootstrap(settings, bootstrap, instance.peers,
                                           settings.name.value_or(facts.pod.hostname)));
        instance.family.gates =
            bootstrap.enable_ipv6 ? discovery::Family::any : discovery::Family::ipv4;
        return instance;
    }
    TRY_ASSIGN(instance.identity, discovery::identify(identity_request(settings), facts.pod));
    TRY_ASSIGN(instance.family,
               discovery::choose_family({.ip = family_of(settings.ip),
                                         .bind = settings.bind,
                                         .addresses = instance.identity.addresses,
                                         .leader_address = instance.identity.leader_address},
                                        facts.pod.addresses));
    TRY_ASSIGN(const auto config, make_broker_config(settings, instance.identity, facts, paths,
                                                     instance.family.enable_ipv6));
    TRY_ASSIGN(instance.merged, broker_config::merge(config, user));
    TRY_ASSIGN(instance.peers, broker_config::resolve_hosts(*instance.merged.config.bootstrap));
    return instance;
}

/// Host and port of a connect URI, "tcp://HOST:PORT".
Result<Parent> parse_connect(const std::string& uri) {
    auto parts = split_tcp_uri(uri);
    if (!parts)
        return fail(Kind::config, "the parent's connect URI '{}' is not tcp://HOST:PORT", uri);
    Parent parent;
    parent.name = std::move(parts->host);
    const auto& port = parts->port;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parent.port);
    if (error != std::errc{} || end != port.data() + port.size())
        return fail(Kind::config, "the parent's connect URI '{}' has no port", uri);
    return parent;
}

Result<std::optional<Parent>> find_parent(const discovery::Identity& identity,
                                          const std::vector<broker_config::Peer>& peers,
                                          const discovery::PodFacts& pod,
                                          discovery::Family family) {
    if (peers.empty() || !peers.at(identity.rank).parent) return std::optional<Parent>{};
    const auto& peer = peers.at(*peers.at(identity.rank).parent);
    if (!peer.connect)
        return fail(Kind::config, "rank {} ({}) has no connect URI: give it one in [bootstrap]",
                    peer.rank, peer.host);
    TRY_ASSIGN(Parent parent, parse_connect(*peer.connect));
    parent.rank = peer.rank;
    parent.host = peer.host;
    // Broker and gates may go different ways to the same place: names are asked of --dns, which
    // Flux cannot.
    if (!identity.addresses.empty()) parent.name = identity.dial_name(peer.rank);
    parent.name = discovery::whole_name(parent.name, pod, family);
    return std::optional<Parent>(parent);
}

Result<std::string> make_resources(const Settings& settings, const discovery::Identity& identity,
                                   const LocalFacts& facts) {
    std::vector<resources::Shape> shapes{facts.shape};
    if (settings.resources) {
        TRY_ASSIGN(shapes, within("--resources (MUSTER_RESOURCES)",
                                  resources::parse_shapes(*settings.resources, identity.max_size)));
    }
    TRY_ASSIGN(const auto r, resources::make_R(identity.hosts, shapes));
    return resources::format_R(r);
}

Result<void> add_attributes(const Settings& settings, const LocalFacts& facts, Plan& plan) {
    const auto third = fmt::format("{}ms", std::max<std::int64_t>(settings.grace.count() / 3, 1));
    std::vector<std::pair<std::string, std::string>> attributes{
        {"hostname", plan.identity.host()},
        {"broker.quorum", std::to_string(plan.quorum)},
        {"rundir", plan.paths.rundir},
        {"local-uri", "local://" + plan.paths.socket},
        {"log-stderr-mode", "local"},
        {"log-stderr-level", settings.log_level == "debug" ? "7" : "6"},
        {"broker.cleanup-timeout", third},
        {"broker.shutdown-timeout", third},
    };
    if (settings.statedir) attributes.emplace_back("statedir", *settings.statedir);
    if (settings.restore) attributes.emplace_back("content.restore", *settings.restore);
    if (settings.dump) attributes.emplace_back("content.dump", *settings.dump);
    // The user's replace ours: Flux refuses some attributes when they are given twice.
    for (const auto& option : settings.options) {
        const auto name = option.substr(0, option.find('='));
        TRY(within("--option (MUSTER_OPTION)", broker_config::check_attribute(name)));
        std::erase_if(attributes,
                      [&name](const auto& attribute) { return attribute.first == name; });
        attributes.emplace_back(name, option.substr(name.size() + 1));
    }
    plan.argv = {facts.flux, "broker", "--config-path=" + plan.paths.broker_toml};
    for (const auto& [name, value] : attributes)
        plan.argv.insert(plan.argv.end(), {"-S", name + "=" + value});
    if (!plan.runs_program) plan.argv.insert(plan.argv.end(), {"-S", "broker.rc2_none"});
    return {};
}

Result<void> check_content(const Settings& settings, const LocalFacts& facts) {
    if (!facts.rehearsal || (!settings.restore && !settings.dump)) return {};
    return fail(Kind::usage,
                "--{} needs Flux: the rehearsal broker has no content, so leave it out, or name "
                "flux with --flux (MUSTER_FLUX)",
                settings.restore ? "restore (MUSTER_RESTORE)" : "dump (MUSTER_DUMP)");
}

Result<void> check_paths(const Paths& paths) {
    if (!paths.dir.starts_with('/'))
        return fail(Kind::usage, "--dir (MUSTER_DIR) '{}' is not an absolute path", paths.dir);
    const auto length = paths.rundir.size() + std::string_view("/local-1048575").size();
    if (length <= longest_socket_path) return {};
    return fail(Kind::usage,
                "--dir (MUSTER_DIR) '{}' is {} characters too long for a socket below it: choose a "
                "shorter one",
                paths.dir, length - longest_socket_path);
}

}  // namespace

Paths::Paths(const std::string& directory)
    : dir(directory),
      curve_cert(dir + "/curve.cert"),
      broker_toml(dir + "/broker.toml"),
      resources(dir + "/R.json"),
      batch(dir + "/batch.lines"),
      status(dir + "/program.status"),
      leaving(dir + "/leaving"),
      explained(dir + "/explained"),
      report(dir + "/report.json"),
      rundir(dir + "/run"),
      socket(rundir + "/local"),
      temporary(dir + "/tmp") {}

discovery::IdentityRequest identity_request(const Settings& settings) {
    return {.name = settings.name,
            .rank = settings.rank,
            .size = settings.size,
            .max_size = settings.max_size,
            .service = settings.service,
            .namespace_name = settings.namespace_name,
            .domain = settings.domain,
            .hosts = settings.hosts,
            .addresses = settings.addresses,
            .ordinals_start = settings.ordinals_start,
            .leader_address = settings.leader_address};
}

Result<Plan> make_plan(const Settings& settings, const std::vector<std::string>& command,
                       const LocalFacts& facts) {
    Plan plan;
    plan.paths = Paths(settings.dir);
    TRY(check_paths(plan.paths));
    TRY(check_content(settings, facts));
    TRY_ASSIGN(Instance instance, make_instance(settings, facts, plan.paths));
    plan.identity = std::move(instance.identity);
    const auto& identity = plan.identity;
    plan.quorum = settings.min_size.value_or(identity.size);
    if (plan.quorum > identity.size)
        return fail(Kind::usage, "min-size {} is larger than size {}", plan.quorum, identity.size);

    const auto& bootstrap = instance.merged.config.bootstrap;
    plan.certificate_is_ours = !instance.merged.own_bootstrap;
    plan.certificate =
        bootstrap && bootstrap->curve_cert ? *bootstrap->curve_cert : plan.paths.curve_cert;
    plan.family = instance.family.gates;
    TRY_ASSIGN(plan.parent, find_parent(identity, instance.peers, facts.pod, plan.family));
    for (const auto& peer : instance.peers)
        plan.listens = plan.listens || peer.parent == identity.rank;
    if (plan.listens) plan.bind = instance.peers.at(identity.rank).bind.value_or("");
    plan.broker_toml = std::move(instance.merged.text);
    if (!instance.merged.own_resources) {
        TRY_ASSIGN(plan.resources_json, make_resources(settings, identity, facts));
    }

    std::vector<std::string> program;
    if (plan.is_leader()) {
        for (const auto& line : facts.batch_lines) plan.batch_lines += line + '\n';
        TRY_ASSIGN(program,
                   make_initial_program(settings, command, facts, identity.size, plan.paths));
    }
    plan.runs_program = !program.empty();
    TRY(add_attributes(settings, facts, plan));
    plan.argv.insert(plan.argv.end(), program.begin(), program.end());

    plan.directories = {plan.paths.dir, plan.paths.rundir};
    plan.environment["FLUX_FAKE_HOSTNAME"] =
        identity.host();  // before 0.82 (flux-broker contract, section 2)
    if (facts.temporary == Temporary::tmp) plan.environment["TMPDIR"] = "/tmp";
    if (facts.temporary == Temporary::below_dir) {
        plan.directories.push_back(plan.paths.temporary);
        plan.environment["TMPDIR"] = plan.paths.temporary;
    }
    plan.notes = identity.doubts;
    for (const auto& queue : instance.merged.queues)
        plan.notes.push_back(fmt::format(
            "queue {} starts stopped, as all named queues do: flux queue start {}", queue, queue));
    return plan;
}

}  // namespace muster::bootstrap
