// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::kube {

/// RFC 4648, section 4, with padding; line breaks are passed over, as Go does. Nothing where it is
/// something else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace muster::kube
