// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::yaml {

/// A node of a YAML document (YAML 1.2.2, 3.2.1), and where in the text it stands.
struct Node {
    enum class Kind { scalar, sequence, mapping, alias };

    Kind kind = Kind::scalar;
    std::string text;          ///< a scalar's content, an alias' name
    bool is_quoted = false;    ///< a scalar that is quoted or a block, hence a string
    bool is_flow = false;      ///< a collection in brackets or braces
    bool is_anchored = false;  ///< it carries an anchor
    std::vector<Node> items;   ///< of a sequence; of a mapping: keys and values in turn
    /// Its first byte, and the one after its last, brackets and quotes included. A block
    /// collection's end says nothing; a value that was left out is an empty span at 0.
    std::size_t begin = 0;
    std::size_t end = 0;

    bool is(Kind which) const { return kind == which; }
    /// Neither text nor quotes: what a key without a value has.
    bool is_empty() const { return kind == Kind::scalar && text.empty() && !is_quoted; }
};

/// A string; it is quoted where it would be read as something else.
Node string(std::string_view text);
/// A number or a truth value.
Node literal(std::string_view text);
/// `[a, b]`: in brackets, on one line.
Node words(const std::vector<std::string>& texts);
Node sequence(std::vector<Node> items);
Node mapping(std::vector<std::pair<std::string, Node>> pairs);

/// The value of `key` in a mapping, or nullptr (also where `node` is none, or is nullptr).
const Node* find(const Node* node, std::string_view key);
Node* find(Node* node, std::string_view key);
/// The text of the scalar at `key`, or "" where there is none.
std::string text_of(const Node* node, std::string_view key);
/// The items of the sequence at `key`; none where there is no such.
const std::vector<Node>& items_of(const Node* node, std::string_view key);

/// Whether both mean the same, however they are written.
bool same(const Node& a, const Node& b);

/// Whether a scalar is a string to who reads it as YAML 1.1 or 1.2.
bool is_string(const Node& scalar);

}  // namespace muster::yaml
