// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "muster/json.hpp"

namespace muster::controller {

/// What decide() looks at in an object of this kind, and what makes it known again. A thousand pods
/// as the API server has them would be tens of megabytes.
json::Value slim(const std::string& kind, const json::Value& object);

}  // namespace muster::controller
