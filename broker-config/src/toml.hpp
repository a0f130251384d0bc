// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "muster/base/result.hpp"
#include "value.hpp"

namespace muster::broker_config {

/// The tree of a TOML text. `file` is what errors call it; it outlives the result.
/// Errors: malformed, "FILE:LINE: reason": syntax, keys given twice; and what would not survive our
/// library or Flux's: control characters in keys, dates without a time, numbers that are not
/// finite, arrays of mixed types, more than 128 levels.
Result<Table> read_toml(std::string_view text, std::string_view file);

/// The TOML text of `table`, keys in alphabetical order, tables in arrays inline.
std::string write_toml(const Table& table);

}  // namespace muster::broker_config
