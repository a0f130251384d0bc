// SPDX-License-Identifier: Apache-2.0
// The one translation unit that includes toml++ (5 s to compile).
#include "toml.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "ascii.hpp"
#include "muster/base/assert.hpp"

namespace muster::broker_config {
namespace {

/// toml++ limits brackets, but not dotted keys.
constexpr unsigned deepest = 128;

/// toml++ 3.3.0 writes keys with tabs or newlines so that they are lost when read back.
bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

class Importer {
  public:
    Importer(const AsciiText& ascii, std::string_view file) : ascii_(ascii), file_(file) {}

    Result<Table> table(const toml::table& source, unsigned depth = 0) const {
        Table table;
        for (const auto& [key, node] : source) {
            std::string name = ascii_.decode(key.str());
            if (name.empty() || std::any_of(name.begin(), name.end(), is_control))
                return malformed(key.source(), "a key is empty or has a control character");
            TRY_ASSIGN(auto value, convert(node, depth + 1));
            table.add(std::move(name), std::move(value));
        }
        // toml++ sorts by name; errors and `left unpacked` lists follow the file, as Flux's do.
        std::sort(table.members().begin(), table.members().end(),
                  [](const Member& a, const Member& b) {
                      return std::pair(a.value.place.line, a.value.place.column) <
                             std::pair(b.value.place.line, b.value.place.column);
                  });
        return table;
    }

  private:
    tl::unexpected<Error> malformed(const toml::source_region& at, std::string_view reason) const {
        return fail(Kind::malformed, "{}:{}: {}", file_, at.begin.line, reason);
    }

    Result<Value> convert(const toml::node& node, unsigned depth) const {
        if (depth > deepest) return malformed(node.source(), "nested too deep");
        const auto begin = node.source().begin;
        const Place place{file_, begin.line, begin.column};
        switch (node.type()) {
            case toml::node_type::table: {
                TRY_ASSIGN(auto members, table(*node.as_table(), depth));
                return Value{std::move(members), place};
            }
            case toml::node_type::array: {
                TRY_ASSIGN(auto items, array(*node.as_array(), depth));
                return Value{std::move(items), place};
            }
            case toml::node_type::string:
                if (node.as_string()->get().find('\0') != std::string::npos)
                    return malformed(node.source(), "a string holds a NUL character");
                return Value{ascii_.decode(node.as_string()->get()), place};
            case toml::node_type::integer:
                return Value{node.as_integer()->get(), place};
            case toml::node_type::boolean:
                return Value{node.as_boolean()->get(), place};
            case toml::node_type::floating_point:
                if (!std::isfinite(node.as_floating_point()->get()))
                    return malformed(node.source(), "Flux takes no number that is not finite");
                return Value{node.as_floating_point()->get(), place};
            case toml::node_type::date_time: {
                std::ostringstream text;
                text << *node.as_date_time();
                return Value{Timestamp{text.str()}, place};
            }
            case toml::node_type::date:
            case toml::node_type::time:
            case toml::node_type::none:
                break;
        }
        return malformed(node.source(), "Flux takes no date without a time, nor the reverse");
    }

    Result<Array> array(const toml::array& source, unsigned depth) const {
        Array items;
        for (const auto& node : source) {
            TRY_ASSIGN(auto value, convert(node, depth + 1));
            if (!items.empty() && items.front().data.index() != value.data.index())
                return malformed(node.source(), "Flux takes no array of mixed types");
            items.push_back(std::move(value));
        }
        return items;
    }

    const AsciiText& ascii_;
    std::string_view file_;
};

void insert(toml::table& target, const std::string& key, const Value& value);
void append(toml::array& target, const Value& value);

toml::table export_table(const Table& table) {
    toml::table target;
    for (const auto& [key, value] : table.members()) insert(target, key, value);
    return target;
}

/// Calls `put` with the toml++ value of `value`.
template <class Put>
void with_exported(const Value& value, Put put) {
    if (const auto* table = value.table()) {
        put(export_table(*table));
    } else if (const auto* items = value.array()) {
        toml::array array;
        for (const auto& item : *items) append(array, item);
        put(std::move(array));
    } else if (const auto* stamp = std::get_if<Timestamp>(&value.data)) {
        auto parsed = toml::parse("t = " + stamp->text);
        MUSTER_ASSERT(parsed.succeeded());
        put(*parsed.table()["t"].as_date_time());
    } else if (const auto* text = value.string()) {
        put(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
        put(*number);
    } else if (const auto* real = std::get_if<double>(&value.data)) {
        put(*real);
    } else {
        put(std::get<bool>(value.data));
    }
}

void insert(toml::table& target, const std::string& key, const Value& value) {
    with_exported(value, [&](auto&& node) { target.insert(key, std::move(node)); });
}

void append(toml::array& target, const Value& value) {
    with_exported(value, [&](auto&& node) {
        target.push_back(std::move(node));
        if (auto* table = target.back().as_table()) table->is_inline(true);
    });
}

/// "Error while parsing X: reason" without the part that says nothing.
std::string plain_words(std::string_view description, const AsciiText& ascii) {
    constexpr std::string_view opening = "Error while parsing ";
    if (const auto colon = description.find(": ");
        description.starts_with(opening) && colon != std::string_view::npos)
        description.remove_prefix(colon + 2);
    if (ascii.is_about_marker(description))
        return "syntax error: a character beyond ASCII outside a string or comment";
    const bool is_duplicate = description.starts_with("cannot redefine");
    return fmt::format("{}: {}", is_duplicate ? "key given twice" : "syntax error", description);
}

}  // namespace

Result<Table> read_toml(std::string_view text, std::string_view file) {
    const auto ascii = AsciiText::encode(text);
    if (!ascii) return fail(Kind::malformed, "{}:{}", file, ascii.error().message);
    const toml::parse_result parsed = toml::parse(ascii->text(), file);
    if (parsed) return Importer(*ascii, file).table(parsed.table());
    const toml::parse_error& error = parsed.error();
    return fail(Kind::malformed, "{}:{}: {}", file, error.source().begin.line,
                plain_words(error.description(), *ascii));
}

std::string write_toml(const Table& table) {
    const toml::table target = export_table(table);
    std::ostringstream text;
    text << toml::toml_formatter(target, toml::format_flags::indent_array_elements |
                                             toml::format_flags::allow_unicode_strings);
    text << '\n';
    return text.str();
}

}  // namespace muster::broker_config
