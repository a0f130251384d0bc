// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::broker_config {

/// Where a value stands. `file` outlives the value; it is empty for what we made ourselves.
struct Place {
    std::string_view file = {};
    unsigned line = 0;
    unsigned column = 0;
};

struct Value;
struct Member;
using Array = std::vector<Value>;

/// A TOML table with its keys in the order of the file.
class Table {
  public:
    const Value* find(std::string_view key) const;
    Value* find(std::string_view key);
    /// Adds `key`, which must be new.
    void add(std::string key, Value value);
    /// Adds or replaces `key`.
    void set(std::string_view key, Value value);
    const std::vector<Member>& members() const { return members_; }
    std::vector<Member>& members() { return members_; }

  private:
    std::vector<Member> members_;
};

/// A date or time, as TOML writes it. Flux turns it into a string; nothing of ours reads one.
struct Timestamp {
    std::string text;
};

/// A TOML value as we keep it: the library's own tree stays in toml.cpp.
struct Value {
    std::variant<Table, Array, std::string, std::int64_t, double, bool, Timestamp> data;
    Place place = {};

    const Table* table() const { return std::get_if<Table>(&data); }
    Table* table() { return std::get_if<Table>(&data); }
    const Array* array() const { return std::get_if<Array>(&data); }
    const std::string* string() const { return std::get_if<std::string>(&data); }

    /// The name that Flux's messages (jansson) give this type: "object", "integer", "true", ...
    std::string_view type_name() const;
};

struct Member {
    std::string key;
    Value value;
};

/// `upper` on top of `lower`: tables merge, anything else replaces (Flux merges the files of a
/// configuration directory so: json_object_update_recursive).
void merge_tables(Table& lower, Table upper);

}  // namespace muster::broker_config
