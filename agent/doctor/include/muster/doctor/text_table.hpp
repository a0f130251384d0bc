// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace muster::doctor {

/// Columns as wide as their widest cell, two blanks between them, no blanks at the end of a line.
/// The first row is the heading. Cells are counted in characters of UTF-8.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace muster::doctor
