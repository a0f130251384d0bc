// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/result.hpp"

struct json_t;

namespace muster::json {

/// A JSON value (RFC 8259): shared, reference-counted (jansson). A null handle never occurs: the
/// default is JSON null.
class Value {
  public:
    Value();
    Value(const Value& other);
    Value(Value&& other) noexcept;
    Value& operator=(Value other) noexcept;
    ~Value();

    static Value object();
    static Value array();
    static Value string(std::string_view text);  ///< must be UTF-8; other bytes become U+FFFD
    static Value integer(std::int64_t number);
    static Value real(double number);  ///< finite
    static Value boolean(bool value);

    /// Errors: malformed, with line and column; duplicate keys are refused.
    static Result<Value> parse(std::string_view text);
    /// Compact when `indent` is 0. Keys keep the order in which they were set.
    std::string format(int indent = 0) const;

    bool is_null() const;
    bool is_object() const;
    bool is_array() const;
    std::optional<std::string> as_string() const;
    std::optional<std::int64_t> as_integer() const;
    std::optional<double> as_number() const;  ///< integers too
    std::optional<bool> as_boolean() const;

    /// Objects: sets `key`; returns *this for chaining. Arrays: appends.
    Value& set(const std::string& key, Value value);
    Value& append(Value value);

    /// The member, or JSON null when there is none (or this is no object).
    Value get(const std::string& key) const;
    bool has(const std::string& key) const;
    std::vector<std::pair<std::string, Value>> members()
        const;                         ///< in order; empty unless an object
    std::vector<Value> items() const;  ///< empty unless an array

    /// Members that must be there, with their type. Errors: malformed, naming the key.
    Result<std::string> string_at(const std::string& key) const;
    Result<std::int64_t> integer_at(const std::string& key) const;

    bool operator==(const Value& other) const;

  private:
    explicit Value(json_t* stolen) : json_(stolen) {}
    json_t* json_;
};

}  // namespace muster::json
