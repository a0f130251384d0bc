// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace muster {

/// What is said of a program's own status, for it may be one of muster's exit codes, too.
inline constexpr std::string_view own_status = "(its own status, not muster's)";

}  // namespace muster
