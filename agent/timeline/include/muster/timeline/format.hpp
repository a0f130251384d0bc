// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "muster/timeline/layout.hpp"

namespace muster::timeline {

/// One file: words, the picture as SVG, a legend, the attempts of slow pods. Well-formed XML too;
/// no script, nothing from elsewhere.
std::string format_html(const Timeline& timeline);

/// The picture alone.
std::string format_svg(const Drawing& drawing);

/// `text` between tags or in an attribute: the five characters of XML as entities; what is no
/// UTF-8, and control characters, as U+FFFD.
std::string escape_xml(std::string_view text);

struct TextOptions {
    std::size_t columns = 80;
    std::size_t rows = 40;  ///< of pods
    bool colour = false;
};

/// For a terminal: the same words, and a row of letters a pod. Names of hosts cannot do anything
/// to the terminal.
std::string format_text(const Timeline& timeline, const TextOptions& options);

/// What add_text() reads back: reports, states, findings; and the members of `more`.
std::string format_json(const Timeline& timeline, const Records& records,
                        const json::Value& more = {});

}  // namespace muster::timeline
