// SPDX-License-Identifier: Apache-2.0
// What read_minicluster() refuses, as the API server checks it when an object is applied (CEL).
#pragma once

#include <string_view>

#include "fields.hpp"
#include "muster/json.hpp"

namespace muster::controller {

/// Where the definition's root is: the rules about the object's name.
inline constexpr std::string_view root_path = "";

/// x-kubernetes-validations of the field `path`, which null is where there are none.
json::Value rules_of(std::string_view path);

/// Of a field of a type that has a range, or choices, or is refused.
json::Value rules_of_type(const Field& field);

}  // namespace muster::controller
