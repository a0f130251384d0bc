// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/discovery/identity.hpp"

// One function a platform, each in identify_*.cpp, and what they share.
namespace muster::discovery {

inline constexpr std::uint32_t most_ranks = 1u << 20;

Result<Identity> identify_in_list(const IdentityRequest& request, const PodFacts& facts);
Result<Identity> identify_indexed_job(const IdentityRequest& request, const PodFacts& facts);
Result<Identity> identify_stateful_set(const IdentityRequest& request, const PodFacts& facts);
Result<Identity> identify_leader_worker_set(const IdentityRequest& request, const PodFacts& facts);
Result<Identity> identify_in_compose(const IdentityRequest& request, const PodFacts& facts);

/// "<stem>-<number>" of a host name; no number when it does not end in one.
struct StemAndNumber {
    std::string stem;
    std::optional<std::uint32_t> number;
};
StemAndNumber split_ordinal(std::string_view host);

/// A host name and what follows its first label, ".service.ns.svc.domain" or "".
struct HostAndTail {
    std::string host;
    std::string tail;
};
HostAndTail split_host(std::string_view hostname);

/// A container's "<base>-<n>" or "<base>_<n>" out of "<container>.<network>".
struct Container {
    std::string base;  ///< with the separator
    std::uint32_t number = 0;
    std::string network;  ///< with the dot before it
};
std::optional<Container> find_container(std::string_view name);

/// A name as the search list would complete it, with the final dot; as it is where there is none.
std::string complete_name(const std::string& name, const PodFacts& facts);

/// The pod's variable `name`, or nothing when it is absent or empty.
std::optional<std::string> variable(const PodFacts& facts, const std::string& name);

/// RFC 1035 as Flux checks it since 0.81: letters, digits and dashes, labels of 1 to 63 characters.
Result<void> check_name(std::string_view name, std::string_view setting);

/// Sizes as asked for, or else as the platform tells (`known`).
Result<void> set_sizes(const IdentityRequest& request, std::optional<std::uint32_t> known,
                       Identity& identity);

/// `hint` is a further mend, ", or ...".
Result<void> check_rank(const Identity& identity, std::string_view hint = "");

/// Whether a host "<set>-<n>" is a StatefulSet's: where a cluster, or the settings in its place,
/// tell where its name lives.
bool is_in_stateful_set(const IdentityRequest& request, const PodFacts& facts);

/// A number in the variable `name`. Errors: config.
Result<std::uint32_t> parse_index(std::string_view name, std::string_view text);

/// "<service>.<namespace>.svc.<domain>", the name of a headless Service; parts may be unknown.
struct ServiceName {
    std::string service, namespace_name, domain;
};
/// Its parts; none when `name` has another form.
std::optional<ServiceName> parse_service_name(std::string_view name);
/// What kubelet wrote into resolv.conf and the hosts file.
ServiceName service_of_pod(const PodFacts& facts);
/// What neither the settings nor `told` say of it: "--service (MUSTER_SERVICE), ...", or "".
std::string missing_names(const IdentityRequest& request, const ServiceName& told);
/// ".<service>.<namespace>.svc.<domain>." of the settings, or else of `told`; where both speak and
/// differ, `identity` gets a doubt.
Result<std::string> service_suffix(const IdentityRequest& request, const ServiceName& told,
                                   Identity& identity);

}  // namespace muster::discovery
