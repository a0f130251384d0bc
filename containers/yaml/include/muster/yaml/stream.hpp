// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/yaml/node.hpp"

namespace muster::yaml {

/// The way to a node: the document's number, then keys and indexes, {"0", "spec", "items", "2"}.
using Path = std::vector<std::string>;

/// A stream of documents that can be added to. Every change is a piece of text put in at one
/// place; the result is parsed again, and taken only if it means what was meant and nothing else
/// has changed. A change that fails leaves the stream as it was.
class Stream {
  public:
    /// Errors: malformed, with `source`, line and reason.
    static Result<Stream> parse(std::string text, std::string_view source);

    const std::string& text() const { return text_; }
    const std::vector<Node>& documents() const { return documents_; }
    /// The line, from 1 on, in which a node begins.
    std::size_t line_of(const Node& node) const;
    /// The node at `path`, or nullptr.
    const Node* at(const Path& path) const;

    /// A new key after the last one of a mapping, in the style of its surroundings.
    /// Errors: malformed, when the mapping is not there, has the key, or cannot be added to.
    Result<void> add_key(const Path& mapping, std::string_view key, const Node& value);
    /// A new item after the last one of a sequence. Errors: as above.
    Result<void> append(const Path& sequence, const Node& item);
    /// Words before the first item of a sequence. Errors: as above.
    Result<void> prepend(const Path& sequence, const std::vector<std::string>& words);
    /// A new document after the last one.
    Result<void> add_document(const Node& root);

  private:
    /// Puts `piece` in at byte `at`; `meant` is what the documents should be then.
    Result<void> put_in(std::size_t at, std::string_view piece, const std::vector<Node>& meant);
    Result<const Node*> collection(const Path& path, Node::Kind kind) const;

    std::string text_;
    std::string source_;
    std::vector<Node> documents_;
};

}  // namespace muster::yaml
