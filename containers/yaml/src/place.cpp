// SPDX-License-Identifier: Apache-2.0
#include "place.hpp"

#include <algorithm>

namespace muster::yaml {
namespace {

std::size_t line_start(std::string_view text, std::size_t at) {
    const auto newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
}

/// Where the last thing in `node` ends; `otherwise` where nothing in it has a place.
std::size_t end_of(const Node& node, std::size_t otherwise) {
    const bool is_block_collection =
        !node.is(Node::Kind::scalar) && !node.is(Node::Kind::alias) && !node.is_flow;
    if (!is_block_collection) return node.end > 0 ? node.end : otherwise;
    if (node.items.empty()) return otherwise;
    if (node.is(Node::Kind::sequence)) return end_of(node.items.back(), node.begin + 1);
    const auto& key = node.items[node.items.size() - 2];
    return end_of(node.items.back(), end_of(key, otherwise));
}

/// The blanks between a comma and what follows it, as between the items that are there.
std::string separator(std::string_view text, const Node& collection) {
    const auto first = collection.items.front().begin;
    const auto start = line_start(text, first);
    if (start <= collection.begin) return ", ";
    return ",\n" + std::string(text.substr(start, first - start));
}

}  // namespace

std::size_t column_of(std::string_view text, std::size_t at) {
    return at - line_start(text, at);
}

Place place_at_end(std::string_view text) {
    return {.at = text.size(), .before = text.empty() || text.ends_with('\n') ? "" : "\n"};
}

Place place_after(std::string_view text, const Node& collection) {
    if (collection.is_flow) {
        if (collection.items.empty()) return {.at = collection.begin + 1};
        return {.at = end_of(collection.items.back(), collection.begin + 1),
                .before = separator(text, collection)};
    }
    const auto end = end_of(collection, collection.begin);
    const auto indent = column_of(text, collection.begin);
    if (end > 0 && text[end - 1] == '\n') return {.at = end, .indent = indent};  // a block scalar
    const auto newline = text.find('\n', end);
    if (newline != std::string_view::npos) return {.at = newline + 1, .indent = indent};
    auto place = place_at_end(text);
    place.indent = indent;
    return place;
}

Place place_before(std::string_view text, const Node& collection) {
    if (collection.is_flow) return {.at = collection.items.front().begin};
    return {.at = line_start(text, collection.begin), .indent = column_of(text, collection.begin)};
}

}  // namespace muster::yaml
