// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::kube {

/// Percent-encodes all but RFC 3986's unreserved characters.
std::string encode_percent(std::string_view text);

/// "?a=b&c=d", or nothing.
std::string format_query(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace muster::kube
