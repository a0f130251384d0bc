// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/yaml/node.hpp"

namespace muster::yaml {

/// The root of every document in `text`. Errors: malformed.
Result<std::vector<Node>> parse_documents(std::string_view text, std::string_view source);

}  // namespace muster::yaml
