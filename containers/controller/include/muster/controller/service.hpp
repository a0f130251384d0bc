// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"

namespace muster::controller {

struct ServiceOptions {
    std::string kubeconfig = {};  ///< empty: KUBECONFIG, the pod's service account, ~/.kube/config
    std::string context = {};
    std::string name_space = {};  ///< empty: all
    std::string image = {};       ///< see Controller::Options
    bool elects_leader = false;
    std::string lease_namespace = {};  ///< empty: the one that the configuration names
    std::string address = ":8080";     ///< of /metrics, /livez and /readyz; "none": nowhere
    std::string log_level = "info";
    bool help = false;
};

/// Errors: usage, naming the flag.
Result<ServiceOptions> read_service_options(const std::vector<std::string>& words);
/// The flags, for --help.
std::string service_flags();

/// The controller in a cluster, until SIGTERM or SIGINT: 0. Errors: those of the configuration, of
/// the address to listen on; unavailable, when another one has become the leader.
Result<int> serve(const ServiceOptions& options, const Environment& environment);

}  // namespace muster::controller
