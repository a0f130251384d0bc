// SPDX-License-Identifier: Apache-2.0
// The fields of MiniCluster v1alpha2, one row each: what is not here is no field of it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace muster::controller {

/// What a field holds. `quantity` is a number, or a string of a number and its unit ("500m",
/// "1Gi"); `any` is an object of the Kubernetes API that is passed on as it is, `any_list` a list of
/// such objects.
enum class Type { object, list, map, string, integer, boolean, quantity, any, any_list };

/// What a string that is a quantity matches (Kubernetes, "Quantity").
inline constexpr const char* quantity_pattern =
    R"(^([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?)?$)";

/// One field. In a path `[]` stands for the items of a list, and `{}` for the values of a map.
struct Field {
    std::string_view path;
    Type type;
    /// What it does, for people; of a field that is refused why, and what to write instead.
    std::string_view text;
    bool is_refused = false;
    /// Of a string: what it may be, beside nothing; empty: anything.
    std::string_view choices = {};
    /// Of a number.
    std::int32_t least = 0, most = std::numeric_limits<std::int32_t>::max();
};

/// Every field, parents before their children.
std::span<const Field> fields();

/// The row of `path`, or nullptr. The items of spec.services have those of spec.containers.
const Field* find_field(std::string_view path);

}  // namespace muster::controller
