// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/environment.hpp"
#include "muster/base/hostlist.hpp"
#include "muster/base/result.hpp"
#include "muster/discovery/family.hpp"
#include "muster/discovery/own_address.hpp"
#include "muster/discovery/own_name.hpp"
#include "muster/discovery/resolv_conf.hpp"

namespace muster::discovery {

/// What can tell a pod who it is. Read once; identify() is a pure function of it.
struct PodFacts {
    std::string hostname;  ///< gethostname(2)
    Environment environment;
    ResolvConf resolv_conf;
    std::string fqdn;             ///< of the hostname, from /etc/hosts; empty when unknown
    std::string hosts_file = {};  ///< the text of /etc/hosts
    std::vector<OwnAddress> addresses = {};
    OwnName own_name = {};  ///< asked only where Docker's DNS answers
};

/// The settings that bear on identity; what is absent comes from the platform.
struct IdentityRequest {
    std::optional<std::string> name;
    std::optional<std::uint32_t> rank;
    std::optional<std::uint32_t> size;
    std::optional<std::uint32_t> max_size;
    std::optional<std::string> service;
    std::optional<std::string> namespace_name;
    std::optional<std::string> domain;
    std::optional<std::string> hosts;             ///< an RFC 29 hostlist
    std::optional<std::string> addresses;         ///< numeric addresses in rank order, a hostlist
    std::optional<std::uint32_t> ordinals_start;  ///< a StatefulSet's spec.ordinals.start
    std::optional<std::string> leader_address = {};  ///< number or name, in place of rank 0's
};

enum class Platform { list, indexed_job, stateful_set, leader_worker_set, compose, single };

/// Which broker this pod is, and how its peers are called.
struct Identity {
    Platform platform = Platform::single;
    std::uint32_t rank = 0;
    std::uint32_t size = 1;      ///< brokers at start
    std::uint32_t max_size = 1;  ///< ranks configured
    std::string instance;        ///< the same word in every pod of the instance
    Hostlist hosts;              ///< rank order, max_size of them
    std::string
        suffix;  ///< what follows a host in the name to dial, ".service.ns.svc.domain." or ""
    std::vector<std::string> names;      ///< to dial, rank order; empty: host and suffix
    std::vector<std::string> addresses;  ///< numeric, rank order; empty unless asked for
    std::string leader_address;       ///< to dial instead of rank 0's name; empty unless asked for
    std::vector<std::string> doubts;  ///< what contradicts the pod, a clause each: should a name
                                      ///< never appear, this is why

    const std::string& host() const { return hosts.hosts().at(rank); }
    /// The name at which the gates dial `other`; its address when it has no name in DNS.
    std::string dial_name(std::uint32_t other) const;
    /// What the broker connects to: the address where one was given, else the name.
    std::string connect_name(std::uint32_t other) const;
};

std::string_view format(Platform platform);

/// What the gates have to dial, so that they come to where the broker's look-up of `name` leads.
/// Libc reads the hosts file first, and walks the search list for a short name; the gates ask name
/// servers for whole names only. An address, or a name with its final dot where there is a search
/// list that completes it; of that list the entry which fits the form of the name.
std::string whole_name(const std::string& name, const PodFacts& facts, Family family);

/// Recognises the platform (design, section 3), the first that fits: an explicit list; a
/// LeaderWorkerSet by LWS_LEADER_ADDRESS; an Indexed Job, in a JobSet too, by JOB_COMPLETION_INDEX;
/// a StatefulSet by "<name>-<n>" and a cluster's search list; compose by Docker's DNS. A size of 1
/// needs none of them. A request for `rank` is the rank on every platform. Errors: usage, config
/// and unavailable (Docker's DNS did not answer), each naming the setting to change.
Result<Identity> identify(const IdentityRequest& request, const PodFacts& facts);

/// What the pod of `rank` would know, from what this one knows: for a dry run (`muster plan
/// --rank`). The hostname's ordinal, the indexes of the platform, the place in the list and the
/// container's number are those of that rank.
PodFacts imagine_pod(const PodFacts& own, const IdentityRequest& request, std::uint32_t rank);

}  // namespace muster::discovery
