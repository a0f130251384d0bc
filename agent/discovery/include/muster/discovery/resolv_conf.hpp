// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::discovery {

/// What resolv.conf(5) says of this pod's name service. Lines that it does not know are skipped, as
/// libc does.
struct ResolvConf {
    std::vector<std::string> nameservers;  ///< numeric addresses, in order
    std::vector<std::string>
        search;  ///< without trailing dots; the last `search` or `domain` line counts

    static ResolvConf parse(std::string_view text);
};

/// The namespace and cluster domain that kubelet writes as the first search entry,
/// "<namespace>.svc.<domain>".
struct ClusterDomain {
    std::string namespace_name;
    std::string domain;
};
std::optional<ClusterDomain> cluster_domain(const ResolvConf& conf);

/// The fully qualified name that kubelet writes for `hostname` in /etc/hosts: "IP FQDN HOSTNAME";
/// empty when there is none.
std::string hosts_file_fqdn(std::string_view hosts_file, std::string_view hostname);

/// The addresses that hosts(5) gives `name`, in its order.
std::vector<std::string> hosts_file_addresses(std::string_view hosts_file, std::string_view name);

}  // namespace muster::discovery
