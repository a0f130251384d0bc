// SPDX-License-Identifier: Apache-2.0
#include "muster/yaml/stream.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "format.hpp"
#include "parse.hpp"
#include "place.hpp"

namespace muster::yaml {
namespace {

template <class Nodes>
auto walk(Nodes& documents, const Path& path) -> decltype(&documents.front()) {
    decltype(&documents.front()) node = nullptr;
    for (const auto& step : path) {
        if (node != nullptr && node->is(Node::Kind::mapping)) {
            node = find(node, step);
        } else if (node == nullptr || node->is(Node::Kind::sequence)) {
            auto& items = node == nullptr ? documents : node->items;
            std::size_t index = items.size();
            std::from_chars(step.data(), step.data() + step.size(), index);
            node = index < items.size() ? &items[index] : nullptr;
        } else {
            return nullptr;
        }
        if (node == nullptr) return nullptr;
    }
    return node;
}

std::string name_of(const Path& path) {
    return path.size() < 2 ? "the document"
                           : fmt::format("{}", fmt::join(path.begin() + 1, path.end(), "."));
}

}  // namespace

Result<Stream> Stream::parse(std::string text, std::string_view source) {
    Stream stream;
    TRY_ASSIGN(stream.documents_, parse_documents(text, source));
    stream.text_ = std::move(text);
    stream.source_ = source;
    return stream;
}

std::size_t Stream::line_of(const Node& node) const {
    const auto end =
        text_.begin() + static_cast<std::ptrdiff_t>(std::min(node.begin, text_.size()));
    return static_cast<std::size_t>(std::count(text_.begin(), end, '\n')) + 1;
}

const Node* Stream::at(const Path& path) const {
    return walk(documents_, path);
}

Result<const Node*> Stream::collection(const Path& path, Node::Kind kind) const {
    const Node* node = at(path);
    if (node == nullptr) return fail(Kind::malformed, "{}: there is no {}", source_, name_of(path));
    if (node->is(Node::Kind::scalar) && node->text.empty())
        return fail(Kind::malformed, "{}: {} is empty: leave it out, or write {}", source_,
                    name_of(path), kind == Node::Kind::mapping ? "{}" : "[]");
    if (!node->is(kind))
        return fail(Kind::malformed, "{}: line {}: {} is no {}", source_, line_of(*node),
                    name_of(path), kind == Node::Kind::mapping ? "mapping" : "sequence");
    if (node->is_anchored)
        return fail(Kind::malformed,
                    "{}: line {}: {} has an anchor, so that a change would show elsewhere, too",
                    source_, line_of(*node), name_of(path));
    return node;
}

Result<void> Stream::put_in(std::size_t at, std::string_view piece,
                            const std::vector<Node>& meant) {
    auto changed = text_;
    changed.insert(at, piece);
    auto parsed = parse_documents(changed, source_);
    const bool is_as_meant = parsed && parsed->size() == meant.size() &&
                             std::equal(parsed->begin(), parsed->end(), meant.begin(), same);
    if (!is_as_meant)
        return fail(
            Kind::malformed,
            "{}: nothing can be added at line {} without changing what is there: write "
            "it as a plain block, one key or item a line",
            source_,
            std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1);
    text_ = std::move(changed);
    documents_ = std::move(*parsed);
    return {};
}

Result<void> Stream::add_key(const Path& path, std::string_view key, const Node& value) {
    TRY_ASSIGN(const auto* mapping, collection(path, Node::Kind::mapping));
    if (find(mapping, key) != nullptr)
        return fail(Kind::malformed, "{}: {} has a key '{}' already", source_, name_of(path), key);
    const auto place = place_after(text_, *mapping);
    const auto quoting = documents_[0].is_flow ? Quoting::json : Quoting::needed;
    const auto piece = mapping->is_flow
                           ? format_flow(string(key), quoting) + ": " + format_flow(value, quoting)
                           : format_pair(key, value, place.indent);
    auto meant = documents_;
    auto* changed = walk(meant, path);
    changed->items.push_back(string(key));
    changed->items.push_back(value);
    return put_in(place.at, place.before + piece, meant);
}

Result<void> Stream::append(const Path& path, const Node& item) {
    TRY_ASSIGN(const auto* sequence, collection(path, Node::Kind::sequence));
    const auto place = place_after(text_, *sequence);
    const auto quoting = documents_[0].is_flow ? Quoting::json : Quoting::needed;
    const auto piece =
        sequence->is_flow ? format_flow(item, quoting) : format_item(item, place.indent);
    auto meant = documents_;
    walk(meant, path)->items.push_back(item);
    return put_in(place.at, place.before + piece, meant);
}

Result<void> Stream::prepend(const Path& path, const std::vector<std::string>& words) {
    TRY_ASSIGN(const auto* sequence, collection(path, Node::Kind::sequence));
    if (sequence->items.empty()) {
        for (const auto& word : words) TRY(append(path, string(word)));
        return {};
    }
    const auto place = place_before(text_, *sequence);
    const auto quoting = documents_[0].is_flow ? Quoting::json : Quoting::needed;
    std::string piece = place.before;
    for (const auto& word : words)
        piece += sequence->is_flow ? format_flow(string(word), quoting) + ", "
                                   : format_item(string(word), place.indent);
    auto meant = documents_;
    auto& items = walk(meant, path)->items;
    std::vector<Node> first;
    for (const auto& word : words) first.push_back(string(word));
    items.insert(items.begin(), first.begin(), first.end());
    return put_in(place.at, piece, meant);
}

Result<void> Stream::add_document(const Node& root) {
    const auto place = place_at_end(text_);
    auto meant = documents_;
    meant.push_back(root);
    const auto lines = root.is(Node::Kind::mapping) && !root.items.empty()
                           ? format_pairs(root, 0)
                           : format_flow(root, Quoting::needed) + '\n';
    const bool is_json = !documents_.empty() && documents_.front().is_flow;
    TRY(put_in(place.at, place.before + (documents_.empty() ? "" : "---\n") + lines, meant));
    // By a brace at the beginning kubectl takes all that follows for JSON.
    return is_json && !text_.starts_with("---") ? put_in(0, "---\n", meant) : Result<void>();
}

}  // namespace muster::yaml
