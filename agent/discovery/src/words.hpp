// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "muster/base/clock.hpp"

namespace muster::discovery {

/// "0.3 s", "12 s", "10 min", for people.
std::string format_seconds(Duration duration);

/// An IPv4 or IPv6 address in numbers, not a name.
bool is_numeric(const std::string& name);

}  // namespace muster::discovery
