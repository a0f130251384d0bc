// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "muster/base/clock.hpp"

namespace muster {

/// "2026-11-23T02:49:32.2495Z" or with "+01:00"; seconds may have any number of decimals.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace muster
