// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/identity.hpp"

#include <algorithm>

#include "platforms.hpp"

namespace muster::discovery {
namespace {

Result<Identity> identify_single(const IdentityRequest& request, const PodFacts& facts) {
    if (request.max_size.value_or(request.size.value_or(1)) != 1 || request.rank.value_or(0) != 0) {
        const bool is_cut = cluster_domain(facts.resolv_conf) && facts.hostname.size() >= 63;
        if (is_cut)
            return fail(Kind::config,
                        "hostname '{}' has {} characters, where Kubernetes cuts it, and has lost "
                        "its end: shorten the workload's name",
                        facts.hostname, facts.hostname.size());
        return fail(
            Kind::config,
            "the platform does not tell {} (hostname '{}', no JOB_COMPLETION_INDEX): give "
            "--hosts (MUSTER_HOSTS)",
            request.rank ? "what the pods of the other ranks are called" : "which rank this pod is",
            facts.hostname);
    }
    Identity identity{.platform = Platform::single};
    if (request.size) TRY(set_sizes(request, {}, identity));
    identity.instance = request.name.value_or(facts.hostname);
    TRY(check_name(identity.instance, "--name (MUSTER_NAME) or the hostname"));
    identity.hosts.append(identity.instance);
    return identity;
}

/// One broker needs no number; where compose gives one all the same, it must be the first.
bool is_in_compose(const IdentityRequest& request, const PodFacts& facts) {
    if (!is_dockers(facts.resolv_conf)) return false;
    if (request.max_size.value_or(request.size.value_or(1)) != 1) return true;
    for (const auto& name : facts.own_name.names)
        if (find_container(name)) return true;
    return false;
}

Result<Identity> identify_platform(const IdentityRequest& request, const PodFacts& facts) {
    if (request.hosts) return identify_in_list(request, facts);
    if (variable(facts, "LWS_LEADER_ADDRESS")) return identify_leader_worker_set(request, facts);
    if (variable(facts, "JOB_COMPLETION_INDEX")) return identify_indexed_job(request, facts);
    if (is_in_stateful_set(request, facts)) return identify_stateful_set(request, facts);
    if (is_in_compose(request, facts)) return identify_in_compose(request, facts);
    return identify_single(request, facts);
}

Result<std::string> parse_leader_address(const std::string& text, const PodFacts& facts) {
    constexpr std::string_view setting = "--leader-address (MUSTER_LEADER_ADDRESS)";
    if (const auto number = without_brackets(text); numeric_family(number) != NumericFamily::none)
        return std::string(number);
    if (text.find_first_of(":/[]") != std::string::npos)
        return fail(Kind::usage,
                    "{} '{}' is neither a name nor an address: a port is given by --port "
                    "(MUSTER_PORT)",
                    setting, text);
    const auto whole = complete_name(text, facts);
    TRY(check_name(std::string_view(whole).substr(0, whole.size() - (whole.ends_with('.') ? 1 : 0)),
                   setting));
    return whole;
}

/// A hostlist that is a setting's value: when it is none, the setting cannot be used.
Result<std::vector<std::string>> parse_addresses(const std::string& text,
                                                 const Identity& identity) {
    constexpr std::string_view setting = "--addresses (MUSTER_ADDRESSES)";
    const auto addresses = Hostlist::parse(text, most_ranks);
    if (!addresses) return fail(Kind::usage, "{}: {}", setting, addresses.error().message);
    if (addresses->size() != identity.max_size)
        return fail(Kind::usage, "{} names {} addresses for {} ranks", setting, addresses->size(),
                    identity.max_size);
    return addresses->hosts();
}

PodFacts imagine_container(PodFacts other, std::uint32_t rank) {
    for (auto& name : other.own_name.names)
        if (const auto container = find_container(name))
            name = fmt::format("{}{}{}", container->base, rank + 1, container->network);
    return other;
}

/// The hostname of `rank`, from our own.
std::optional<std::string> imagine_host(const PodFacts& own, const IdentityRequest& request,
                                        std::uint32_t rank) {
    const auto [host, tail] = split_host(own.hostname);
    if (const auto address = variable(own, "LWS_LEADER_ADDRESS")) {
        const auto leader = split_host(*address).host;
        return (rank == 0 ? leader : fmt::format("{}-{}", leader, rank)) + tail;
    }
    const bool is_job = variable(own, "JOB_COMPLETION_INDEX").has_value();
    const auto self = split_ordinal(host);
    if (!self.number || (!is_job && !is_in_stateful_set(request, own))) return {};
    const std::uint32_t first = is_job ? 0 : request.ordinals_start.value_or(0);
    return fmt::format("{}-{}{}", self.stem, first + rank, tail);
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
        case Platform::leader_worker_set:
            return "a LeaderWorkerSet";
        case Platform::compose:
            return "compose";
        case Platform::single:
            break;
    }
    return "a single broker";
}

std::string Identity::dial_name(std::uint32_t other) const {
    if (other == 0 && !leader_address.empty()) return leader_address;
    if (!names.empty()) return names.at(other);
    if (suffix.empty() && !addresses.empty()) return addresses.at(other);
    return hosts.hosts().at(other) + suffix;
}

std::string Identity::connect_name(std::uint32_t other) const {
    if (other == 0 && !leader_address.empty()) return leader_address;
    return addresses.empty() ? dial_name(other) : addresses.at(other);
}

Result<Identity> identify(const IdentityRequest& request, const PodFacts& facts) {
    TRY_ASSIGN(Identity identity, identify_platform(request, facts));
    if (request.ordinals_start.value_or(0) != 0 && identity.platform != Platform::stateful_set)
        return fail(Kind::config,
                    "--ordinals-start (MUSTER_ORDINALS_START) is {}, but {} counts from 0: leave "
                    "it out",
                    *request.ordinals_start, format(identity.platform));
    if (request.addresses) {
        TRY_ASSIGN(identity.addresses, parse_addresses(*request.addresses, identity));
    }
    if (request.leader_address) {
        TRY_ASSIGN(identity.leader_address, parse_leader_address(*request.leader_address, facts));
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
    if (is_dockers(own.resolv_conf)) return imagine_container(std::move(other), rank);
    const auto host = imagine_host(own, request, rank);
    if (!host) return other;
    other.hostname = *host;
    if (own.fqdn.starts_with(own.hostname))
        other.fqdn = other.hostname + own.fqdn.substr(own.hostname.size());
    for (const auto* name : {"JOB_COMPLETION_INDEX", "LWS_WORKER_INDEX"})
        if (other.environment.contains(name)) other.environment[name] = std::to_string(rank);
    return other;
}

}  // namespace muster::discovery
