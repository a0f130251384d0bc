// SPDX-License-Identifier: Apache-2.0
// An explicit list of hosts: the rank is the position of the own name.
#include "platforms.hpp"

namespace muster::discovery {
namespace {

constexpr std::string_view setting = "--hosts (MUSTER_HOSTS)";

Result<Hostlist> parse_hosts(const std::string& text) {
    auto given = Hostlist::parse(text, most_ranks);
    if (!given) return fail(Kind::usage, "{}: {}", setting, given.error().message);
    Hostlist hosts = given->without_duplicates();
    if (hosts.size() != given->size())
        return fail(Kind::config, "{} '{}' names a host twice: each host is one rank", setting,
                    text);
    if (hosts.empty()) return fail(Kind::usage, "{} names no host", setting);
    for (const auto& host : hosts.hosts()) TRY(check_name(host, setting));
    return hosts;
}

Result<void> set_list_sizes(const IdentityRequest& request, Identity& identity) {
    const auto listed = static_cast<std::uint32_t>(identity.hosts.size());
    if (request.size.value_or(listed) > listed && request.max_size.value_or(listed) == listed)
        return fail(
            Kind::usage,
            "size {} is larger than the list: {} names {} host{}: add hosts to it, or lower "
            "--size (MUSTER_SIZE)",
            *request.size, setting, listed, listed == 1 ? "" : "s");
    IdentityRequest complete = request;
    complete.max_size = request.max_size.value_or(listed);
    TRY(set_sizes(complete, listed, identity));
    if (identity.max_size != listed)
        return fail(Kind::usage, "max-size is {}, but --hosts names {} hosts: give one host a rank",
                    identity.max_size, listed);
    return {};
}

Error not_in_list(const std::string& own, const IdentityRequest& request, const Hostlist& hosts) {
    // Flux compares whole names.
    const auto first = split_host(own).host;
    const auto near =
        first != own && hosts.find(first)
            ? fmt::format(", though '{}' is: give --name {} (MUSTER_NAME)", first, first)
            : std::string(": add it, or give --rank (MUSTER_RANK)");
    return Error{Kind::config, fmt::format("this host, '{}', is not in {} '{}'{}", own, setting,
                                           *request.hosts, near)};
}

/// Two pods that are told the same rank would throw each other out, again and again: where the own
/// name speaks against it, it is said before.
Result<std::uint32_t> rank_in_list(const IdentityRequest& request, const PodFacts& facts,
                                   const Identity& identity) {
    const std::string own = request.name.value_or(facts.hostname);
    const auto position = identity.hosts.find(own);
    if (!request.rank && !position)
        return tl::unexpected<Error>(not_in_list(own, request, identity.hosts));
    const bool is_told_apart = request.addresses.has_value();  // as `muster up` does it
    if (request.rank && position && *position != *request.rank && !is_told_apart)
        return fail(Kind::config,
                    "this host, '{}', is rank {} of {}, but --rank (MUSTER_RANK) says {}: leave "
                    "--rank out, two pods must not have one rank",
                    own, *position, setting, *request.rank);
    return request.rank ? *request.rank : static_cast<std::uint32_t>(*position);
}

}  // namespace

Result<Identity> identify_in_list(const IdentityRequest& request, const PodFacts& facts) {
    Identity identity{.platform = Platform::list};
    TRY_ASSIGN(identity.hosts, parse_hosts(*request.hosts));
    TRY(set_list_sizes(request, identity));
    TRY_ASSIGN(identity.rank, rank_in_list(request, facts, identity));
    if (identity.rank >= identity.max_size)
        return fail(Kind::config,
                    "--rank (MUSTER_RANK) {} is beyond the {} hosts of {}: add its host to --hosts",
                    identity.rank, identity.max_size, setting);
    if (request.service) {
        TRY_ASSIGN(identity.suffix, service_suffix(request, service_of_pod(facts), identity));
    } else if (request.domain) {
        TRY(check_name(*request.domain, "--domain (MUSTER_DOMAIN)"));
        identity.suffix = fmt::format(".{}.", *request.domain);
    }
    identity.instance = identity.hosts.format();
    return identity;
}

}  // namespace muster::discovery
