// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/json.hpp"

namespace muster::controller {

/// The CustomResourceDefinition of MiniCluster, out of the table of fields: what read_minicluster()
/// refuses is refused when it is applied, with the same reason.
json::Value custom_resource_definition();

}  // namespace muster::controller
