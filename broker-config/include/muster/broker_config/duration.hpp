// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::broker_config {

/// Seconds of a Flux Standard Duration (RFC 23): a non-negative number with an optional suffix ms,
/// s, m, h or d ("5s", "1.5m", "30"), or "inf" / "infinity", which take none. As Flux, it accepts
/// what strtod accepts, less leading blanks. Errors: config, naming the text and the form.
Result<double> parse_duration(std::string_view text);

/// RFC 23 text of `seconds` (>= 0, or infinite) in the largest unit that keeps it at least 1,
/// with at most 6 significant digits, as Flux prints it: 90 is "1.5m".
std::string format_duration(double seconds);

}  // namespace muster::broker_config
