// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/discovery/resolv_conf.hpp"

namespace muster::discovery {

/// What the name server says that this pod is called. In compose that is
/// "<project>-<service>-<n>.<network>", and nothing else tells a container which one it is.
struct OwnName {
    std::vector<std::string>
        names;            ///< without the final dot; empty when it was not asked or not told
    std::string trouble;  ///< why there is no name, for people; empty when it was not asked
    bool denied = false;  ///< the server answered that there is none
};

/// Whether the pod's name server is Docker's own, 127.0.0.11: so it is in every network that
/// compose makes.
bool is_dockers(const ResolvConf& conf);

}  // namespace muster::discovery
