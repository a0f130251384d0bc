// SPDX-License-Identifier: Apache-2.0
// The only place with libfyaml: its events, which know where everything stands, become nodes.
#include "parse.hpp"

#include <libfyaml.h>

#include <memory>
#include <set>

namespace muster::yaml {
namespace {

struct Free {
    void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
    void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
using Parser = std::unique_ptr<fy_parser, Free>;
using Diagnosis = std::unique_ptr<fy_diag, Free>;

struct Event {
    fy_parser* parser;
    fy_event* event;
    explicit Event(fy_parser* from) : parser(from), event(fy_parser_parse(from)) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() {
        if (event != nullptr) fy_parser_event_free(parser, event);
    }
};

void set_span(Node& node, fy_token* token) {
    const auto* begin = token != nullptr ? fy_token_start_mark(token) : nullptr;
    const auto* end = token != nullptr ? fy_token_end_mark(token) : nullptr;
    if (begin == nullptr || end == nullptr) return;
    node.begin = begin->input_pos;
    node.end = end->input_pos;
}

Node scalar_of(fy_event* event) {
    Node node;
    const auto& data = event->scalar;
    const auto style = fy_event_get_node_style(event);
    node.is_quoted = style != FYNS_PLAIN && style != FYNS_ANY && data.value != nullptr;
    node.is_anchored = data.anchor != nullptr;
    if (data.value == nullptr) return node;
    std::size_t length = 0;
    if (const auto* text = fy_token_get_text(data.value, &length)) node.text.assign(text, length);
    set_span(node, data.value);
    if (style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED) {  // the quotes, too
        --node.begin;
        ++node.end;
    }
    return node;
}

/// No manifest is nested so deep, and whoever walks the tree does so by recursion.
constexpr std::size_t deepest = 256;

/// Builds the tree of one document; `open` are the collections that have not ended.
class Builder {
  public:
    explicit Builder(std::string_view text) : text_(text) {}

    /// Whether the document is complete.
    Result<bool> take(fy_event* event) {
        switch (event->type) {
            case FYET_MAPPING_START:
                return begin(Node::Kind::mapping, event->mapping_start.mapping_start,
                             event->mapping_start.anchor != nullptr);
            case FYET_SEQUENCE_START:
                return begin(Node::Kind::sequence, event->sequence_start.sequence_start,
                             event->sequence_start.anchor != nullptr);
            case FYET_MAPPING_END:
                return end(event->mapping_end.mapping_end);
            case FYET_SEQUENCE_END:
                return end(event->sequence_end.sequence_end);
            case FYET_SCALAR:
                add(scalar_of(event));
                return false;
            case FYET_ALIAS: {
                Node node{.kind = Node::Kind::alias};
                set_span(node, event->alias.anchor);
                node.text = text_.substr(node.begin, node.end - node.begin);
                add(std::move(node));
                return false;
            }
            case FYET_DOCUMENT_END:
                return true;
            default:
                return false;
        }
    }

    Node take_root() { return std::move(root_); }

  private:
    Result<bool> begin(Node::Kind kind, fy_token* token, bool is_anchored) {
        if (open_.size() == deepest)
            return fail(Kind::malformed, "it is nested more than {} deep", deepest);
        Node node{.kind = kind, .is_anchored = is_anchored};
        set_span(node, token);
        node.is_flow = node.begin < text_.size() && node.end > node.begin &&
                       (text_[node.begin] == '{' || text_[node.begin] == '[');
        open_.push_back(std::move(node));
        return false;
    }

    Result<bool> end(fy_token* token) {
        Node node = std::move(open_.back());
        open_.pop_back();
        if (const auto* mark = token != nullptr ? fy_token_end_mark(token) : nullptr)
            node.end = mark->input_pos;
        if (node.is(Node::Kind::mapping)) {
            std::set<std::string_view> keys;
            for (std::size_t i = 0; i < node.items.size(); i += 2)
                if (node.items[i].is(Node::Kind::scalar) && !keys.insert(node.items[i].text).second)
                    return fail(Kind::malformed, "the key '{}' is given twice", node.items[i].text);
        }
        add(std::move(node));
        return false;
    }

    void add(Node node) {
        (open_.empty() ? root_ : open_.back().items.emplace_back()) = std::move(node);
    }

    std::string_view text_;
    std::vector<Node> open_;
    Node root_;
};

/// The length of the UTF-8 sequence that `text` begins with, or 0 when it is none (RFC 3629, 4).
std::size_t sequence_length(std::string_view text) {
    const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = at(0);
    if (first < 0x80) return 1;
    const std::size_t length = first < 0xc2   ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    const unsigned second = at(1);
    const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool is_surrogate = first == 0xed && second > 0x9f;
    const bool is_beyond = first == 0xf4 && second > 0x8f;
    return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

/// libfyaml 0.7.12 does not come back from some texts that are not UTF-8.
Result<void> check_encoding(std::string_view text, std::string_view source) {
    std::size_t line = 1;
    for (std::size_t i = 0; i < text.size();) {
        const auto length = text[i] == '\0' ? 0 : sequence_length(text.substr(i));
        if (length == 0)
            return fail(Kind::malformed, "{}: line {}: byte 0x{:02x} is no UTF-8 text", source,
                        line, static_cast<unsigned char>(text[i]));
        if (text[i] == '\n') ++line;
        i += length;
    }
    return {};
}

/// What libfyaml says first.
std::string reason_of(fy_diag* diag) {
    void* at = nullptr;
    if (const auto* error = fy_diag_errors_iterate(diag, &at))
        return fmt::format("line {}: {}", error->line, error->msg);
    return "it is no YAML";
}

Diagnosis make_diagnosis() {
    fy_diag_cfg how{};
    fy_diag_cfg_default(&how);
    how.fp = nullptr;
    how.output_fn = [](fy_diag*, void*, const char*, std::size_t) {};
    how.level = FYET_ERROR;
    Diagnosis diag(fy_diag_create(&how));
    if (diag) fy_diag_set_collect_errors(diag.get(), true);
    return diag;
}

}  // namespace

Result<std::vector<Node>> parse_documents(std::string_view text, std::string_view source) {
    TRY(check_encoding(text, source));
    const auto diag = make_diagnosis();
    fy_parse_cfg how{};
    how.flags = FYPCF_QUIET;
    how.diag = diag.get();
    const Parser parser(fy_parser_create(&how));
    // An empty string is one whose length is to be counted.
    const std::string_view given = text.empty() ? std::string_view("\n") : text;
    if (!diag || !parser || fy_parser_set_string(parser.get(), given.data(), given.size()) != 0)
        return fail(Kind::internal, "{}: cannot start to parse", source);
    std::vector<Node> documents;
    Builder builder(text);
    for (;;) {
        const Event next(parser.get());
        if (next.event == nullptr) break;
        const auto is_complete = within(source, builder.take(next.event));
        if (!is_complete) return tl::unexpected<Error>(is_complete.error());
        if (!*is_complete) continue;
        documents.push_back(builder.take_root());
        builder = Builder(text);
    }
    if (fy_parser_get_stream_error(parser.get()))
        return fail(Kind::malformed, "{}: {}", source, reason_of(diag.get()));
    return documents;
}

}  // namespace muster::yaml
