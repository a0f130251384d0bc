// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "muster/yaml/node.hpp"

namespace muster::yaml {

/// How a scalar is quoted: only where it must be, or as JSON demands.
enum class Quoting { needed, json };

/// A node on one line, collections in brackets and braces.
std::string format_flow(const Node& node, Quoting quoting);

/// `key: value` and `- item` as lines, each indented by `indent` blanks and ended by a newline.
std::string format_pair(std::string_view key, const Node& value, std::size_t indent);
std::string format_item(const Node& item, std::size_t indent);

/// The pairs of a mapping as lines.
std::string format_pairs(const Node& mapping, std::size_t indent);

}  // namespace muster::yaml
