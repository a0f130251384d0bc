// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "muster/base/result.hpp"
#include "muster/curve/permissions.hpp"
#include "muster/curve/secret.hpp"

namespace muster::curve {

/// No file with a secret is longer than this, in bytes.
inline constexpr std::size_t secret_file_limit = 16 * 1024;

/// The content of `path`, read straight into wiped memory. `what` ("certificate") names its kind in
/// messages. Errors: io (missing, read error), config (not a regular file), malformed (longer than
/// secret_file_limit), denied (no access; or group or others can read it, against `permissions`).
Result<SecretText> read_secret_file(std::string_view what, const std::string& path,
                                    Permissions permissions);

}  // namespace muster::curve
