// SPDX-License-Identifier: Apache-2.0
#include "muster/yaml/node.hpp"

#include <algorithm>
#include <array>

namespace muster::yaml {
namespace {

/// What YAML 1.1 or 1.2 reads as null, a truth value or a special number, in lower case.
constexpr std::array<std::string_view, 15> reserved{"",    "~",    "null",  "true",  "false",
                                                    "yes", "no",   "on",    "off",   "y",
                                                    "n",   ".inf", "-.inf", "+.inf", ".nan"};

bool looks_like_a_number(std::string_view text) {
    if (text.empty()) return false;
    const bool has_digit =
        std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    // Decimal, octal, hexadecimal, with exponent, with underscores, sexagesimal, dates: rather one
    // string too many in quotes than one too few.
    return has_digit &&
           text.find_first_not_of("0123456789+-.eExXoObB_:abcdfABCDF") == std::string_view::npos &&
           std::string_view("0123456789+-.").find(text.front()) != std::string_view::npos;
}

std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return made;
}

}  // namespace

Node string(std::string_view text) {
    Node node{.text = std::string(text)};
    node.is_quoted = !is_string(node);
    return node;
}

Node literal(std::string_view text) {
    return {.text = std::string(text)};
}

Node words(const std::vector<std::string>& texts) {
    Node node{.kind = Node::Kind::sequence, .is_flow = true};
    for (const auto& text : texts) node.items.push_back(string(text));
    return node;
}

Node sequence(std::vector<Node> items) {
    return {.kind = Node::Kind::sequence, .items = std::move(items)};
}

Node mapping(std::vector<std::pair<std::string, Node>> pairs) {
    Node node{.kind = Node::Kind::mapping, .is_flow = pairs.empty()};
    for (auto& [key, value] : pairs) {
        node.items.push_back(string(key));
        node.items.push_back(std::move(value));
    }
    return node;
}

Node* find(Node* node, std::string_view key) {
    if (node == nullptr || !node->is(Node::Kind::mapping)) return nullptr;
    for (std::size_t i = 0; i + 1 < node->items.size(); i += 2)
        if (node->items[i].is(Node::Kind::scalar) && node->items[i].text == key)
            return &node->items[i + 1];
    return nullptr;
}

const Node* find(const Node* node, std::string_view key) {
    if (node == nullptr || !node->is(Node::Kind::mapping)) return nullptr;
    for (std::size_t i = 0; i + 1 < node->items.size(); i += 2)
        if (node->items[i].is(Node::Kind::scalar) && node->items[i].text == key)
            return &node->items[i + 1];
    return nullptr;
}

std::string text_of(const Node* node, std::string_view key) {
    const auto* found = find(node, key);
    return found != nullptr && found->is(Node::Kind::scalar) ? found->text : "";
}

const std::vector<Node>& items_of(const Node* node, std::string_view key) {
    static const std::vector<Node> none;
    const auto* found = find(node, key);
    return found != nullptr && found->is(Node::Kind::sequence) ? found->items : none;
}

bool is_string(const Node& scalar) {
    if (scalar.is_quoted) return true;
    const auto plain = lower(scalar.text);
    return std::find(reserved.begin(), reserved.end(), plain) == reserved.end() &&
           !looks_like_a_number(plain);
}

bool same(const Node& a, const Node& b) {
    if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size()) return false;
    if (a.is(Node::Kind::scalar) && is_string(a) != is_string(b)) return false;
    return std::equal(a.items.begin(), a.items.end(), b.items.begin(), same);
}

}  // namespace muster::yaml
