// SPDX-License-Identifier: Apache-2.0
// Under which headless Service the names live.
#include <array>

#include "platforms.hpp"

namespace muster::discovery {
namespace {

struct Part {
    std::string_view flag;
    const std::optional<std::string>& asked;
    const std::string& told;
    std::string_view teller;   ///< where `told` comes from
    std::string_view missing;  ///< what to say when nobody tells
};

Result<std::string> choose(const Part& part, Identity& identity) {
    if (!part.asked && part.told.empty()) return fail(Kind::config, "{}", part.missing);
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

Result<std::string> service_suffix(const IdentityRequest& request, const ServiceName& told,
                                   Identity& identity) {
    TRY_ASSIGN(
        const std::string service,
        choose({"--service (MUSTER_SERVICE)", request.service, told.service, "the pod's own name",
                "the headless Service is not known: set the pod's subdomain, or give "
                "--service (MUSTER_SERVICE)"},
               identity));
    TRY_ASSIGN(const std::string space,
               choose({"--namespace (MUSTER_NAMESPACE)", request.namespace_name,
                       told.namespace_name, "resolv.conf",
                       "the namespace is not known, resolv.conf has no '<namespace>.svc.<domain>': "
                       "give --namespace (MUSTER_NAMESPACE)"},
                      identity));
    TRY_ASSIGN(const std::string domain,
               choose({"--domain (MUSTER_DOMAIN)", request.domain, told.domain, "resolv.conf",
                       "the cluster domain is not known, resolv.conf has no "
                       "'<namespace>.svc.<domain>': give --domain (MUSTER_DOMAIN)"},
                      identity));
    TRY(check_name(fmt::format("{}.{}.svc.{}", service, space, domain),
                   "--service, --namespace or --domain"));
    return fmt::format(".{}.{}.svc.{}.", service, space, domain);
}

}  // namespace muster::discovery
