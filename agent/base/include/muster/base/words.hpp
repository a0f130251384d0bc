// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster {

/// Splits text into words by the quoting rules of POSIX 2.2 (blanks, '...', "...", \): no expansion
/// of any kind. Errors: usage (a quote that is not closed, a trailing backslash).
Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace muster
