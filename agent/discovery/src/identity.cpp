// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/identity.hpp"

#include <charconv>

namespace muster::discovery {
namespace {

constexpr std::uint32_t most_ranks = 1u << 20;

/// "<stem>-<number>" of a host name; no number when it does not end in one.
struct StemAndNumber {
    std::string stem;
    std::optional<std::uint32_t> number;
};

StemAndNumber split_ordinal(std::string_view host) {
    const auto dash = host.rfind('-');
    if (dash == std::string_view::npos || dash == 0 || dash + 1 == host.size())
        return {std::string(host), {}};
    const std::string_view digits = host.substr(dash + 1);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool canonical = digits.size() == 1 || digits.front() != '0';
    if (error != std::errc{} || end != digits.data() + digits.size() || !canonical)
        return {std::string(host), {}};
    return {std::string(host.substr(0, dash)), number};
}

Result<std::uint32_t> parse_index(std::string_view text) {
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc{} || end != text.data() + text.size())
        return fail(Kind::config,
                    "JOB_COMPLETION_INDEX is '{}', not a number: unset it, or give --rank", text);
    return index;
}

/// RFC 1035 as Flux checks it since 0.81: letters, digits and dashes, labels of 1 to 63 characters.
Result<void> check_name(std::string_view name, std::string_view setting) {
    if (name.size() > 253)
        return fail(Kind::config, "name {} has {} characters, DNS allows 253: shorten {}", name,
                    name.size(), setting);
    for (std::size_t begin = 0; begin <= name.size();) {
        const auto end = std::min(name.find('.', begin), name.size());
        const auto label = name.substr(begin, end - begin);
        if (label.empty())
            return fail(Kind::config, "name '{}' has an empty part: correct {}", name, setting);
        if (label.size() > 63)
            return fail(Kind::config, "name part '{}' has {} characters, DNS allows 63: shorten {}",
                        label, label.size(), setting);
        for (const char c : label) {
            const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '-';
            if (!allowed)
                return fail(Kind::config,
                            "name '{}' has the character '{}', which Flux refuses in a host name: "
                            "change {}",
                            name, c, setting);
        }
        if (label.front() == '-' || label.back() == '-')
            return fail(Kind::config, "name part '{}' begins or ends with '-': change {}", label,
                        setting);
        begin = end + 1;
    }
    return {};
}

Result<void> set_sizes(const IdentityRequest& request, std::optional<std::uint32_t> listed,
                       Identity& identity) {
    const auto size = request.size ? request.size : listed;
    if (!size)
        return fail(Kind::usage, "the number of brokers is not known: give --size (MUSTER_SIZE)");
    identity.size = *size;
    identity.max_size = request.max_size.value_or(listed && !request.size ? *listed : *size);
    if (listed) identity.max_size = request.max_size.value_or(*listed);
    if (identity.size == 0)
        return fail(Kind::usage, "size is 0: an instance has at least one broker");
    if (identity.max_size < identity.size)
        return fail(Kind::usage,
                    "size {} is larger than max-size {}: raise --max-size (MUSTER_MAX_SIZE)",
                    identity.size, identity.max_size);
    if (identity.max_size > most_ranks)
        return fail(Kind::usage, "max-size {} is larger than {}", identity.max_size, most_ranks);
    if (listed && identity.max_size != *listed)
        return fail(Kind::usage, "max-size is {}, but --hosts names {} hosts: give one host a rank",
                    identity.max_size, *listed);
    return {};
}

Result<void> set_hosts(Identity& identity, std::string_view stem, std::string_view tail) {
    const auto longest = fmt::format("{}-{}{}", stem, identity.max_size - 1, tail);
    TRY(check_name(longest, "--name (MUSTER_NAME) or the workload's name"));
    std::vector<std::string> hosts;
    hosts.reserve(identity.max_size);
    for (std::uint32_t rank = 0; rank < identity.max_size; ++rank)
        hosts.push_back(fmt::format("{}-{}{}", stem, rank, tail));
    identity.hosts = Hostlist(std::move(hosts));
    return {};
}

/// ".<service>.<namespace>.svc.<domain>." from the settings, or else from what kubelet wrote into
/// the pod.
Result<std::string> service_suffix(const IdentityRequest& request, const PodFacts& facts) {
    const auto cluster = cluster_domain(facts.resolv_conf);
    std::string service = request.service.value_or("");
    if (service.empty() && facts.fqdn.size() > facts.hostname.size() + 1) {
        const auto rest = facts.fqdn.substr(facts.hostname.size() + 1);
        service = rest.substr(0, rest.find('.'));
    }
    const std::string space =
        request.namespace_name.value_or(cluster ? cluster->namespace_name : "");
    const std::string domain = request.domain.value_or(cluster ? cluster->domain : "");
    if (service.empty())
        return fail(Kind::config,
                    "the headless Service is not known: set the pod's subdomain, or give --service "
                    "(MUSTER_SERVICE)");
    if (space.empty())
        return fail(Kind::config,
                    "the namespace is not known, resolv.conf has no '<namespace>.svc.<domain>': "
                    "give --namespace (MUSTER_NAMESPACE)");
    if (domain.empty())
        return fail(Kind::config,
                    "the cluster domain is not known, resolv.conf has no "
                    "'<namespace>.svc.<domain>': give --domain (MUSTER_DOMAIN)");
    TRY(check_name(fmt::format("{}.{}.svc.{}", service, space, domain),
                   "--service, --namespace or --domain"));
    return fmt::format(".{}.{}.svc.{}.", service, space, domain);
}

Result<void> check_rank(const Identity& identity) {
    if (identity.rank < identity.max_size) return {};
    return fail(Kind::config,
                "rank {} of {} is beyond max-size {}: raise --max-size (MUSTER_MAX_SIZE), or run "
                "fewer pods",
                identity.rank, format(identity.platform), identity.max_size);
}

/// Indexed Job and StatefulSet: "<stem>-<i>" under a headless Service.
Result<Identity> identify_in_cluster(Platform platform, std::uint32_t rank,
                                     const IdentityRequest& request, const PodFacts& facts) {
    Identity identity{.platform = platform, .rank = rank};
    TRY(set_sizes(request, {}, identity));
    TRY(check_rank(identity));
    const auto dot = std::min(facts.hostname.find('.'), facts.hostname.size());
    const auto own = split_ordinal(std::string_view(facts.hostname).substr(0, dot));
    const std::string stem = request.name.value_or(own.stem);
    if (!request.name && own.number != rank)
        return fail(Kind::config,
                    "hostname '{}' does not end in -{}, the rank of this pod: leave the hostname "
                    "to Kubernetes, or give --name (MUSTER_NAME)",
                    facts.hostname, rank);
    // With setHostnameAsFQDN the hostname is fully qualified, and so must be the names that Flux
    // compares it with.
    const bool qualified = dot < facts.hostname.size();
    const std::string tail = qualified ? facts.hostname.substr(dot) : "";
    TRY(set_hosts(identity, stem, tail));
    if (qualified)
        identity.suffix = ".";
    else if (identity.max_size > 1) {
        TRY_ASSIGN(identity.suffix, service_suffix(request, facts));
    }
    const auto longest = identity.hosts.hosts().back() + identity.suffix;
    TRY(check_name(longest.substr(0, longest.size() - (longest.ends_with('.') ? 1 : 0)),
                   "the workload's name, --service or --namespace"));
    identity.instance = stem;
    return identity;
}

/// A hostlist that is a setting's value: when it is none, the setting cannot be used.
Result<Hostlist> parse_setting(std::string_view setting, const std::string& text) {
    auto hosts = Hostlist::parse(text, most_ranks);
    if (!hosts) return fail(Kind::usage, "{}: {}", setting, hosts.error().message);
    return hosts;
}

Result<Identity> identify_in_list(const IdentityRequest& request, const PodFacts& facts) {
    TRY_ASSIGN(const Hostlist given, parse_setting("--hosts (MUSTER_HOSTS)", *request.hosts));
    Identity identity{.platform = Platform::list};
    identity.hosts = given.without_duplicates();
    if (identity.hosts.size() != given.size())
        return fail(Kind::config,
                    "--hosts (MUSTER_HOSTS) '{}' names a host twice: each host is one rank",
                    *request.hosts);
    if (identity.hosts.empty()) return fail(Kind::usage, "--hosts (MUSTER_HOSTS) names no host");
    for (const auto& host : identity.hosts.hosts()) TRY(check_name(host, "--hosts (MUSTER_HOSTS)"));
    TRY(set_sizes(request, static_cast<std::uint32_t>(identity.hosts.size()), identity));
    if (request.rank) {
        identity.rank = *request.rank;
    } else {
        const std::string own = request.name.value_or(facts.hostname);
        const auto position = identity.hosts.find(own);
        if (!position)
            return fail(Kind::config,
                        "this host, '{}', is not in --hosts (MUSTER_HOSTS) '{}': add it, or give "
                        "--rank (MUSTER_RANK)",
                        own, *request.hosts);
        identity.rank = static_cast<std::uint32_t>(*position);
    }
    TRY(check_rank(identity));
    if (request.service) {
        TRY_ASSIGN(identity.suffix, service_suffix(request, facts));
    } else if (request.domain) {
        TRY(check_name(*request.domain, "--domain (MUSTER_DOMAIN)"));
        identity.suffix = fmt::format(".{}.", *request.domain);
    }
    identity.instance = identity.hosts.format();
    return identity;
}

Result<Identity> identify_platform(const IdentityRequest& request, const PodFacts& facts) {
    if (request.hosts) return identify_in_list(request, facts);
    if (const auto index = facts.environment.find("JOB_COMPLETION_INDEX");
        index != facts.environment.end()) {
        TRY_ASSIGN(const std::uint32_t job_index, parse_index(index->second));
        return identify_in_cluster(Platform::indexed_job, request.rank.value_or(job_index), request,
                                   facts);
    }
    const auto own =
        split_ordinal(std::string_view(facts.hostname).substr(0, facts.hostname.find('.')));
    if (own.number && cluster_domain(facts.resolv_conf)) {
        return identify_in_cluster(Platform::stateful_set, request.rank.value_or(*own.number),
                                   request, facts);
    }
    if (request.max_size.value_or(request.size.value_or(1)) != 1 || request.rank.value_or(0) != 0)
        return fail(Kind::config,
                    "the platform does not tell which rank this pod is (hostname '{}', no "
                    "JOB_COMPLETION_INDEX): give --hosts (MUSTER_HOSTS)",
                    facts.hostname);
    Identity identity{.platform = Platform::single};
    if (request.size) TRY(set_sizes(request, {}, identity));
    identity.instance = request.name.value_or(facts.hostname);
    TRY(check_name(identity.instance, "--name (MUSTER_NAME) or the hostname"));
    identity.hosts.append(identity.instance);
    return identity;
}

}  // namespace

std::string_view format(Platform platform) {
    switch (platform) {
        case Platform::list:
            return "a host list";
        case Platform::indexed_job:
            return "an Indexed Job";
        case Platform::stateful_set:
            return "a StatefulSet";
        case Platform::single:
            break;
    }
    return "a single broker";
}

std::string Identity::dial_name(std::uint32_t other) const {
    if (suffix.empty() && !addresses.empty()) return addresses.at(other);
    return hosts.hosts().at(other) + suffix;
}

std::string Identity::connect_name(std::uint32_t other) const {
    return addresses.empty() ? dial_name(other) : addresses.at(other);
}

Result<Identity> identify(const IdentityRequest& request, const PodFacts& facts) {
    TRY_ASSIGN(Identity identity, identify_platform(request, facts));
    if (request.addresses) {
        TRY_ASSIGN(const Hostlist addresses,
                   parse_setting("--addresses (MUSTER_ADDRESSES)", *request.addresses));
        if (addresses.size() != identity.max_size)
            return fail(Kind::usage,
                        "--addresses (MUSTER_ADDRESSES) names {} addresses for {} ranks",
                        addresses.size(), identity.max_size);
        identity.addresses = addresses.hosts();
    }
    return identity;
}

PodFacts imagine_pod(const PodFacts& own, const IdentityRequest& request, std::uint32_t rank) {
    PodFacts other = own;
    if (request.hosts) {
        const auto hosts = Hostlist::parse(*request.hosts, most_ranks);
        if (hosts && hosts->find(own.hostname) && rank < hosts->size())
            other.hostname = hosts->hosts()[rank];
        return other;
    }
    const auto dot = std::min(own.hostname.find('.'), own.hostname.size());
    const auto self = split_ordinal(std::string_view(own.hostname).substr(0, dot));
    if (!self.number) return other;
    other.hostname = fmt::format("{}-{}{}", self.stem, rank, own.hostname.substr(dot));
    if (own.fqdn.starts_with(own.hostname))
        other.fqdn = other.hostname + own.fqdn.substr(own.hostname.size());
    if (other.environment.contains("JOB_COMPLETION_INDEX"))
        other.environment["JOB_COMPLETION_INDEX"] = std::to_string(rank);
    return other;
}

}  // namespace muster::discovery
