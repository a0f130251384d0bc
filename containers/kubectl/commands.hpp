// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "muster/base/result.hpp"

namespace muster::kubectl {

/// The words after the command's name.
using Words = std::span<const std::string>;

/// Adds muster to a workload's manifest.
Result<int> inject_command(Words words);

}  // namespace muster::kubectl
