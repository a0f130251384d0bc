// SPDX-License-Identifier: Apache-2.0
#include "format.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::yaml {
namespace {

bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./-").find(c) != std::string_view::npos;
}

/// Whether a string needs no quotes wherever it stands (YAML 1.2.2, 7.3.3).
bool is_plain(const Node& scalar) {
    const auto& text = scalar.text;
    return !text.empty() && text != "-" && !text.starts_with("---") && !text.starts_with("...") &&
           std::all_of(text.begin(), text.end(), is_word_character);
}

std::string quoted(std::string_view text) {
    std::string made = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            made += {'\\', c};
        else if (byte < 0x20 || byte == 0x7f)
            made += fmt::format("\\u{:04x}", byte);
        else
            made += c;
    }
    return made + '"';
}

std::string format_scalar(const Node& scalar, Quoting quoting) {
    if (!is_string(scalar)) return scalar.text.empty() ? "null" : scalar.text;
    const bool can_be_plain = quoting == Quoting::needed && !scalar.is_quoted && is_plain(scalar);
    return can_be_plain ? scalar.text : quoted(scalar.text);
}

/// What follows "key:" or "-": a scalar or brackets on its line, or lines below it.
bool is_one_line(const Node& node) {
    return node.is(Node::Kind::scalar) || node.is_flow || node.items.empty();
}

}  // namespace

std::string format_flow(const Node& node, Quoting quoting) {
    if (node.is(Node::Kind::scalar)) return format_scalar(node, quoting);
    const bool is_mapping = node.is(Node::Kind::mapping);
    std::string made;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) made += is_mapping && i % 2 == 1 ? ": " : ", ";
        made += format_flow(node.items[i], quoting);
    }
    return is_mapping ? '{' + made + '}' : '[' + made + ']';
}

std::string format_pair(std::string_view key, const Node& value, std::size_t indent) {
    const auto head = std::string(indent, ' ') + format_flow(string(key), Quoting::needed) + ':';
    if (is_one_line(value)) return head + ' ' + format_flow(value, Quoting::needed) + '\n';
    if (value.is(Node::Kind::mapping)) return head + '\n' + format_pairs(value, indent + 2);
    std::string made = head + '\n';
    for (const auto& item : value.items) made += format_item(item, indent + 2);
    return made;
}

std::string format_pairs(const Node& mapping, std::size_t indent) {
    std::string made;
    for (std::size_t i = 0; i + 1 < mapping.items.size(); i += 2)
        made += format_pair(mapping.items[i].text, mapping.items[i + 1], indent);
    return made;
}

std::string format_item(const Node& item, std::size_t indent) {
    const std::string dash = std::string(indent, ' ') + "- ";
    if (is_one_line(item)) return dash + format_flow(item, Quoting::needed) + '\n';
    std::string made;
    if (item.is(Node::Kind::mapping))
        made = format_pairs(item, indent + 2);
    else
        for (const auto& each : item.items) made += format_item(each, indent + 2);
    return made.replace(0, dash.size(), dash);
}

}  // namespace muster::yaml
