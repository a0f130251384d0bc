// SPDX-License-Identifier: Apache-2.0
// Under which headless Service the names live.
#include "platforms.hpp"

namespace muster::discovery {
namespace {

constexpr std::string_view service_flag = "--service (MUSTER_SERVICE)";
constexpr std::string_view namespace_flag = "--namespace (MUSTER_NAMESPACE)";
constexpr std::string_view domain_flag = "--domain (MUSTER_DOMAIN)";

struct Part {
    std::string_view flag;
    const std::optional<std::string>& asked;
    const std::string& told;
    std::string_view teller;  ///< where `told` comes from
};

std::string choose(const Part& part, Identity& identity) {
    if (part.asked && !part.told.empty() && *part.asked != part.told)
        identity.doubts.push_back(fmt::format("{} says '{}', but {} says '{}'", part.flag,
                                              *part.asked, part.teller, part.told));
    return part.asked.value_or(part.told);
}

}  // namespace

std::optional<ServiceName> parse_service_name(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    const auto service = name.find('.');
    if (service == std::string_view::npos) return {};
    const auto space = name.find(".svc.", service + 1);
    if (space == std::string_view::npos || name.find('.', service + 1) != space) return {};
    return ServiceName{std::string(name.substr(0, service)),
                       std::string(name.substr(service + 1, space - service - 1)),
                       std::string(name.substr(space + 5))};
}

ServiceName service_of_pod(const PodFacts& facts) {
    ServiceName told;
    if (facts.fqdn.size() > facts.hostname.size() + 1) {
        const auto rest = facts.fqdn.substr(facts.hostname.size() + 1);
        told =
            parse_service_name(rest).value_or(ServiceName{rest.substr(0, rest.find('.')), {}, {}});
    }
    if (const auto cluster = cluster_domain(facts.resolv_conf)) {
        told.namespace_name = cluster->namespace_name;
        told.domain = cluster->domain;
    }
    return told;
}

std::string missing_names(const IdentityRequest& request, const ServiceName& told) {
    std::string flags;
    const auto consider = [&flags](std::string_view flag, bool is_known) {
        if (!is_known) flags += fmt::format("{}{}", flags.empty() ? "" : ", ", flag);
    };
    consider(service_flag, request.service || !told.service.empty());
    consider(namespace_flag, request.namespace_name || !told.namespace_name.empty());
    consider(domain_flag, request.domain || !told.domain.empty());
    return flags;
}

Result<std::string> service_suffix(const IdentityRequest& request, const ServiceName& told,
                                   Identity& identity) {
    const auto missing = missing_names(request, told);
    if (missing == service_flag)
        return fail(Kind::config,
                    "the headless Service is not known: set the pod's subdomain, or give {}",
                    missing);
    if (!missing.empty())
        return fail(Kind::config,
                    "where the pods' names live is not known, resolv.conf has no "
                    "'<namespace>.svc.<domain>'{}: give {}",
                    missing.starts_with(service_flag) ? " and the pod no subdomain" : "", missing);
    const auto service =
        choose({service_flag, request.service, told.service, "the pod's own name"}, identity);
    const auto space = choose(
        {namespace_flag, request.namespace_name, told.namespace_name, "resolv.conf"}, identity);
    const auto domain = choose({domain_flag, request.domain, told.domain, "resolv.conf"}, identity);
    TRY(check_name(fmt::format("{}.{}.svc.{}", service, space, domain),
                   "--service, --namespace or --domain"));
    return fmt::format(".{}.{}.svc.{}.", service, space, domain);
}

std::string complete_name(const std::string& name, const PodFacts& facts) {
    const auto& conf = facts.resolv_conf;
    if (name.ends_with('.') || conf.search.empty() || is_dockers(conf)) return name;
    const auto dots = std::count(name.begin(), name.end(), '.');
    const auto cluster = cluster_domain(conf);
    if (!cluster) return dots == 0 ? fmt::format("{}.{}.", name, conf.search.front()) : name + ".";
    const auto here = fmt::format("{}.svc.{}.", cluster->namespace_name, cluster->domain);
    if (dots == 0) return fmt::format("{}.{}", name, here);
    // "pod.service", or "service.namespace".
    if (dots == 1 && name.ends_with("." + service_of_pod(facts).service))
        return fmt::format("{}.{}", name, here);
    if (dots == 1) return fmt::format("{}.svc.{}.", name, cluster->domain);
    if (dots == 2 && name.ends_with(".svc")) return fmt::format("{}.{}.", name, cluster->domain);
    return name + ".";
}

std::string whole_name(const std::string& name, const PodFacts& facts, Family family) {
    if (numeric_family(name) != NumericFamily::none) return name;
    const auto listed = hosts_file_addresses(facts.hosts_file, name);
    const auto first_of = [&](NumericFamily wanted) -> std::string {
        for (const auto& address : listed)
            if (numeric_family(address) == wanted) return address;
        return {};
    };
    std::string address = family == Family::ipv4 ? "" : first_of(NumericFamily::ipv6);
    if (address.empty() && family != Family::ipv6) address = first_of(NumericFamily::ipv4);
    return address.empty() ? complete_name(name, facts) : address;
}

}  // namespace muster::discovery
