// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/controller/minicluster.hpp"
#include "muster/json.hpp"

namespace muster::controller {

/// The objects that a MiniCluster comes to, in the order in which they are created: the Secret of
/// its certificate (without the certificate, which is made when it is created, and not at all where
/// the user names a Secret), the headless Service, the leader's and the pod of services
/// where there are to be any, the
/// Indexed Job. Pure: the same MiniCluster always comes to the same objects. Where another
/// MiniCluster of the same name could be confused with it, in DNS, a name carries its UID.
std::vector<json::Value> desired_objects(const MiniCluster& cluster);

}  // namespace muster::controller
