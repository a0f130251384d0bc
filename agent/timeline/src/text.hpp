// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::timeline {

enum class LineEnds { replaced, kept };

/// `text` as UTF-8 without control characters: U+FFFD in their place, and in that of bytes that are
/// no UTF-8.
std::string harmless(std::string_view text, LineEnds line_ends = LineEnds::replaced);

/// Characters of harmless text, each taken to be one column wide.
std::size_t width_of(std::string_view text);
/// At most `width` (1 or more) columns of harmless text; "~" ends what was cut.
std::string cut_to(std::string_view text, std::size_t width);

}  // namespace muster::timeline
