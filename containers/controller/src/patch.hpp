// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/json.hpp"

namespace muster::controller {

/// `base` with `patch` put over it, as kubectl's strategic merge patch does: members of objects one
/// by one, null takes one away; items of lists by what names them (a container's name, a mount's
/// path, a port's number, a host alias's address), and any other list whole.
json::Value patched(const json::Value& base, const json::Value& patch);

}  // namespace muster::controller
