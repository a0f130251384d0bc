// SPDX-License-Identifier: Apache-2.0
// Pods of Kubernetes: Indexed Job (in a JobSet, too), StatefulSet, LeaderWorkerSet. Their names
// differ in rank 0 and in the first number only.
#include "platforms.hpp"

namespace muster::discovery {
namespace {

constexpr std::string_view workloads_name = "--name (MUSTER_NAME) or the workload's name";
constexpr std::size_t longest_hostname = 63;  // kubelet cuts a longer one

/// How a workload calls its pods.
struct Pattern {
    std::string stem;
    std::uint32_t first = 0;   ///< the number of rank 0
    bool bare_leader = false;  ///< rank 0 has no number
    std::string tail;          ///< with setHostnameAsFQDN
    std::string host(std::uint32_t rank) const {
        if (rank == 0 && bare_leader) return stem + tail;
        return fmt::format("{}-{}{}", stem, first + rank, tail);
    }
};

Result<void> set_hosts(Identity& identity, const Pattern& pattern) {
    TRY(check_name(pattern.host(identity.max_size - 1), workloads_name));
    std::vector<std::string> hosts;
    hosts.reserve(identity.max_size);
    for (std::uint32_t rank = 0; rank < identity.max_size; ++rank)
        hosts.push_back(pattern.host(rank));
    identity.hosts = Hostlist(std::move(hosts));
    identity.instance = pattern.stem;
    return {};
}

/// With setHostnameAsFQDN the hostname is the whole name, Flux compares it with the hosts as a
/// whole, and so nothing is left for the settings to say.
Result<void> check_qualified(const IdentityRequest& request, const PodFacts& facts,
                             const std::string& tail) {
    const auto own = parse_service_name(std::string_view(tail).substr(1)).value_or(ServiceName{});
    const auto check = [&](std::string_view flag, const std::optional<std::string>& asked,
                           const std::string& told) -> Result<void> {
        if (!asked || *asked == told) return {};
        return fail(Kind::config,
                    "the hostname is fully qualified, '{}', but {} says '{}': leave {} out, or "
                    "setHostnameAsFQDN",
                    facts.hostname, flag, *asked, flag);
    };
    TRY(check("--service (MUSTER_SERVICE)", request.service, own.service));
    TRY(check("--namespace (MUSTER_NAMESPACE)", request.namespace_name, own.namespace_name));
    return check("--domain (MUSTER_DOMAIN)", request.domain, own.domain);
}

/// What setHostnameAsFQDN puts behind the hostname. A node's own domain (hostNetwork) is nobody's
/// where a name is given.
std::string service_tail(const IdentityRequest& request, const std::string& tail) {
    if (tail.empty() || !request.name) return tail;
    return parse_service_name(std::string_view(tail).substr(1)) ? tail : "";
}

/// Hosts and the names to dial them by.
Result<void> name_pods(const IdentityRequest& request, const PodFacts& facts,
                       const ServiceName& told, const Pattern& pattern, Identity& identity) {
    TRY(set_hosts(identity, pattern));
    if (!pattern.tail.empty()) {
        TRY(check_qualified(request, facts, pattern.tail));
        identity.suffix = ".";
        return {};
    }
    if (identity.max_size == 1) return {};
    TRY_ASSIGN(identity.suffix, service_suffix(request, told, identity));
    const auto longest = identity.hosts.hosts().back() + identity.suffix;
    return check_name(std::string_view(longest).substr(0, longest.size() - 1),
                      "the workload's name, --service or --namespace");
}

/// The hostname speaks against the rank: it was set by hand, or kubelet has cut it. `also`: the
/// settings that are missing, too.
Error wrong_hostname(const PodFacts& facts, const std::string& how, const std::string& also = "") {
    const auto own = split_host(facts.hostname).host;
    if (own.size() >= longest_hostname)
        return Error{Kind::config,
                     fmt::format("hostname '{}' has {} characters, where Kubernetes cuts it, and "
                                 "has lost its end: shorten the workload's name",
                                 own, own.size())};
    return Error{Kind::config,
                 fmt::format("hostname '{}' {}, as this pod's index says: leave the hostname to "
                             "Kubernetes, or give --name (MUSTER_NAME){}{}",
                             facts.hostname, how, also.empty() ? "" : ", ", also)};
}

/// Indexed Job and StatefulSet: every pod is "<stem>-<n>".
Result<Identity> identify_numbered(Identity identity, std::uint32_t first,
                                   const IdentityRequest& request, const PodFacts& facts) {
    const auto [host, tail] = split_host(facts.hostname);
    const auto own = split_ordinal(host);
    const auto told = service_of_pod(facts);
    if (!request.name && own.number != first + identity.rank)
        return tl::unexpected<Error>(
            wrong_hostname(facts, fmt::format("does not end in -{}", first + identity.rank),
                           identity.max_size > 1 ? missing_names(request, told) : ""));
    TRY(name_pods(request, facts, told,
                  {.stem = request.name.value_or(own.stem),
                   .first = first,
                   .tail = service_tail(request, tail)},
                  identity));
    return identity;
}

/// The leader's "<set>-<group>" and what follows it in LWS_LEADER_ADDRESS,
/// "<set>-<group>.<subdomain>.<namespace>".
Result<HostAndTail> parse_leader(const std::string& text) {
    const auto leader = split_host(text);
    const bool has_namespace =
        leader.tail.size() > 1 && leader.tail.find('.', 1) != std::string::npos;
    if (leader.host.empty() || !has_namespace || numeric_family(text) != NumericFamily::none)
        return fail(Kind::config,
                    "LWS_LEADER_ADDRESS is '{}', not <leader>.<subdomain>.<namespace>: give "
                    "--hosts (MUSTER_HOSTS)",
                    text);
    return leader;
}

Result<std::uint32_t> lws_index(const PodFacts& facts, const std::string& leader) {
    if (const auto index = variable(facts, "LWS_WORKER_INDEX"))
        return parse_index("LWS_WORKER_INDEX", *index);
    // Before LWS 0.5 only the names tell.
    const auto host = split_host(facts.hostname).host;
    const auto own = split_ordinal(host);
    if (host == leader) return 0u;
    if (own.stem == leader && own.number) return *own.number;
    return fail(Kind::config,
                "hostname '{}' is neither LWS_LEADER_ADDRESS's '{}' nor one of its workers, and "
                "there is no LWS_WORKER_INDEX: give --rank (MUSTER_RANK)",
                facts.hostname, leader);
}

}  // namespace

bool is_in_stateful_set(const IdentityRequest& request, const PodFacts& facts) {
    const bool has_domain = cluster_domain(facts.resolv_conf) ||
                            (request.service && request.namespace_name && request.domain);
    return has_domain && split_ordinal(split_host(facts.hostname).host).number.has_value();
}

Result<Identity> identify_indexed_job(const IdentityRequest& request, const PodFacts& facts) {
    Identity identity{.platform = Platform::indexed_job};
    TRY_ASSIGN(const std::uint32_t index,
               parse_index("JOB_COMPLETION_INDEX", *variable(facts, "JOB_COMPLETION_INDEX")));
    identity.rank = request.rank.value_or(index);
    TRY(set_sizes(request, {}, identity));
    TRY(check_rank(identity));
    return identify_numbered(std::move(identity), 0, request, facts);
}

Result<Identity> identify_stateful_set(const IdentityRequest& request, const PodFacts& facts) {
    // Nothing in the pod tells ordinals.start.
    const std::uint32_t first = request.ordinals_start.value_or(0);
    const auto ordinal = split_ordinal(split_host(facts.hostname).host).number;
    Identity identity{.platform = Platform::stateful_set};
    if (!request.rank && ordinal.value_or(first) < first)
        return fail(Kind::config,
                    "hostname '{}' has ordinal {}, below --ordinals-start (MUSTER_ORDINALS_START) "
                    "{}: give the StatefulSet's spec.ordinals.start",
                    facts.hostname, *ordinal, first);
    identity.rank = request.rank.value_or(ordinal.value_or(first) - first);
    TRY(set_sizes(request, {}, identity));
    TRY(check_rank(identity, request.ordinals_start
                                 ? ""
                                 : ", or give the StatefulSet's spec.ordinals.start as "
                                   "--ordinals-start (MUSTER_ORDINALS_START)"));
    return identify_numbered(std::move(identity), first, request, facts);
}

Result<Identity> identify_leader_worker_set(const IdentityRequest& request, const PodFacts& facts) {
    Identity identity{.platform = Platform::leader_worker_set};
    TRY_ASSIGN(const HostAndTail leader, parse_leader(*variable(facts, "LWS_LEADER_ADDRESS")));
    TRY_ASSIGN(const std::uint32_t index, lws_index(facts, leader.host));
    std::optional<std::uint32_t> group_size;
    if (const auto text = variable(facts, "LWS_GROUP_SIZE")) {
        TRY_ASSIGN(group_size, parse_index("LWS_GROUP_SIZE", *text));
    }
    identity.rank = request.rank.value_or(index);
    TRY(set_sizes(request, group_size, identity));
    TRY(check_rank(identity));

    const auto [host, tail] = split_host(facts.hostname);
    const Pattern pattern{.stem = request.name.value_or(leader.host),
                          .bare_leader = true,
                          .tail = service_tail(request, tail)};
    if (!request.name && facts.hostname != pattern.host(identity.rank))
        return tl::unexpected<Error>(
            wrong_hostname(facts, fmt::format("is not '{}'", pattern.host(identity.rank))));
    // The rest of LWS_LEADER_ADDRESS: the domain is resolv.conf's.
    ServiceName told = service_of_pod(facts);
    const auto service = split_host(std::string_view(leader.tail).substr(1));
    told.service = service.host;
    told.namespace_name = split_host(std::string_view(service.tail).substr(1)).host;
    TRY(name_pods(request, facts, told, pattern, identity));
    return identity;
}

}  // namespace muster::discovery
