// SPDX-License-Identifier: Apache-2.0
// Manifests as people write them, and JSON as the API has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/json.hpp"

namespace muster::controller {

/// The documents of a YAML (or JSON) text, empty ones left out. Errors: malformed, with `source`:
/// no YAML, a key given twice; and with the line an alias, a key that is no scalar.
Result<std::vector<json::Value>> read_manifest(std::string text, std::string_view source);

/// `objects` as YAML documents. Errors: internal.
Result<std::string> write_manifest(const std::vector<json::Value>& objects);

}  // namespace muster::controller
