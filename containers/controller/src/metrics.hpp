// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "muster/controller/controller.hpp"

namespace muster::controller {

/// The page /metrics (Prometheus text format 0.0.4). `controller` is nullptr where another one
/// leads.
std::string format_metrics(const kube::Client& client, const Controller* controller);

}  // namespace muster::controller
