// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "muster/yaml/node.hpp"

namespace muster::yaml {

/// Where in `text` something new goes: at byte `at`, after `before`.
struct Place {
    std::size_t at = 0;
    std::string before;
    std::size_t indent = 0;  ///< of a block collection's keys or dashes
};

/// Blanks and dashes before byte `at` of its line.
std::size_t column_of(std::string_view text, std::size_t at);

/// After the last item of a collection that is not empty, or inside an empty one's brackets.
Place place_after(std::string_view text, const Node& collection);
/// Before the first item of a collection that is not empty.
Place place_before(std::string_view text, const Node& collection);
/// After everything.
Place place_at_end(std::string_view text);

}  // namespace muster::yaml
