// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/base/result.hpp"
#include "muster/json.hpp"

namespace muster::controller {

/// Checks the spec of a MiniCluster against the table of fields: no other field, each of its type,
/// and none that is refused, unless it is left empty as a default would be.
/// Errors: malformed, naming the field as in "spec.containers[0].image".
Result<void> check_fields(const json::Value& spec);

}  // namespace muster::controller
