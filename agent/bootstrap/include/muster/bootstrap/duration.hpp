// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::bootstrap {

/// A finite Flux Standard Duration (RFC 23) of at most ten years. Errors: usage.
Result<std::chrono::milliseconds> parse_bounded_duration(std::string_view text);

}  // namespace muster::bootstrap
