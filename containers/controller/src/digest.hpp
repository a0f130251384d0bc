// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/json.hpp"

namespace muster::controller {

/// {"containers": "af63dc4c8601ec8c", ...}: a digest (FNV-1a, 64 bits) of each field of `spec`,
/// with any order of keys the same.
json::Value digests(const json::Value& spec);

/// The fields in which two such objects differ, as "spec.flux", in alphabetical order.
std::vector<std::string> differences(const json::Value& before, const json::Value& now);

}  // namespace muster::controller
