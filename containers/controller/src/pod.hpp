// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/controller/minicluster.hpp"

namespace muster::controller {

/// The template of the Job's pods.
json::Value pod_template(const MiniCluster& cluster);

/// The pod of spec.services, with a name in the instance's domain. It lasts as long as the
/// MiniCluster, and until the instance has ended it is made again if it is lost.
json::Value services_pod(const MiniCluster& cluster);

/// Its containers: muster's and the view's init containers, and those of the MiniCluster.
json::Value init_containers(const MiniCluster& cluster);
json::Value containers(const MiniCluster& cluster);
json::Value service_containers(const MiniCluster& cluster);

}  // namespace muster::controller
