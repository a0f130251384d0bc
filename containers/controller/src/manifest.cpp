// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/manifest.hpp"

#include <charconv>

#include "muster/yaml.hpp"

namespace muster::controller {
namespace {

using json::Value;
using yaml::Node;

/// A scalar that is no string, by YAML's core schema (YAML 1.2.2, 10.3).
Value plain_value(const std::string& text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
        return {};
    if (text == "true" || text == "True" || text == "TRUE") return Value::boolean(true);
    if (text == "false" || text == "False" || text == "FALSE") return Value::boolean(false);
    const char* end = text.data() + text.size();
    std::int64_t integer = 0;
    if (const auto [at, error] = std::from_chars(text.data(), end, integer);
        error == std::errc{} && at == end)
        return Value::integer(integer);
    double real = 0;
    if (const auto [at, error] = std::from_chars(text.data(), end, real);
        error == std::errc{} && at == end && text.find_first_of("nN") == text.npos)
        return Value::real(real);
    return Value::string(text);
}

class Reader {
  public:
    Reader(const yaml::Stream& stream, std::string_view source)
        : stream_(&stream), source_(source) {}

    Result<Value> read(const Node& node) const {
        switch (node.kind) {
            case Node::Kind::scalar:
                return yaml::is_string(node) ? Value::string(node.text) : plain_value(node.text);
            case Node::Kind::sequence:
                return read_sequence(node);
            case Node::Kind::mapping:
                return read_mapping(node);
            case Node::Kind::alias:
                break;
        }
        return refuse(node, "an alias (*" + node.text + "): write out what it stands for");
    }

  private:
    Result<Value> read_sequence(const Node& node) const {
        auto list = Value::array();
        for (const auto& item : node.items) {
            TRY_ASSIGN(auto value, read(item));
            list.append(std::move(value));
        }
        return list;
    }

    Result<Value> read_mapping(const Node& node) const {
        auto object = Value::object();
        for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
            const auto& key = node.items[i];
            if (!key.is(Node::Kind::scalar)) return refuse(key, "a key that is no string");
            TRY_ASSIGN(auto value, read(node.items[i + 1]));
            object.set(key.text, std::move(value));
        }
        return object;
    }

    tl::unexpected<Error> refuse(const Node& node, const std::string& what) const {
        return fail(Kind::malformed, "{}:{}: {}", source_, stream_->line_of(node), what);
    }

    const yaml::Stream* stream_;
    std::string_view source_;
};

Node node_of(const Value& value) {
    if (const auto text = value.as_string()) return yaml::string(*text);
    if (value.is_object()) {
        std::vector<std::pair<std::string, Node>> pairs;
        for (const auto& [key, member] : value.members()) pairs.emplace_back(key, node_of(member));
        return yaml::mapping(std::move(pairs));
    }
    if (value.is_array()) {
        std::vector<Node> items;
        for (const auto& item : value.items()) items.push_back(node_of(item));
        return yaml::sequence(std::move(items));
    }
    return yaml::literal(value.format());
}

}  // namespace

Result<std::vector<Value>> read_manifest(std::string text, std::string_view source) {
    TRY_ASSIGN(const auto stream, yaml::Stream::parse(std::move(text), source));
    std::vector<Value> values;
    for (const auto& document : stream.documents()) {
        TRY_ASSIGN(auto value, Reader(stream, source).read(document));
        if (!value.is_null()) values.push_back(std::move(value));
    }
    return values;
}

Result<std::string> write_manifest(const std::vector<Value>& objects) {
    // One by one: a stream is read anew with each document that it is given.
    std::string all;
    for (const auto& object : objects) {
        TRY_ASSIGN(auto stream, yaml::Stream::parse("", "the manifest"));
        TRY(stream.add_document(node_of(object)));
        if (!all.empty() && !stream.text().starts_with("---")) all += "---\n";
        all += stream.text();
    }
    return all;
}

}  // namespace muster::controller
