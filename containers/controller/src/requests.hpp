// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/controller/decide.hpp"
#include "muster/kube.hpp"

namespace muster::controller {

/// The resource of a kind that is watched, made or changed here.
kube::Resource resource_of(std::string_view kind);

/// What carries out `action`. Errors: internal (no randomness for a certificate).
Result<kube::Request> request_of(const Action& action, WallTime now);

/// What looks up the object of `action`.
kube::Request look_up(const Action& action);

}  // namespace muster::controller
