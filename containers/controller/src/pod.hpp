// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/controller/minicluster.hpp"

namespace muster::controller {

/// The template of the Job's pods.
json::Value pod_template(const MiniCluster& cluster);

/// Its containers: muster's and the view's init containers, and those of the MiniCluster.
json::Value init_containers(const MiniCluster& cluster);
json::Value containers(const MiniCluster& cluster);

}  // namespace muster::controller
