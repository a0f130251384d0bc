// SPDX-License-Identifier: Apache-2.0
#include "muster/json.hpp"

#include <jansson.h>

#include <cmath>
#include <cstdlib>
#include <memory>

#include "muster/base/assert.hpp"

namespace muster::json {

Value::Value() : json_(json_null()) {}
Value::Value(const Value& other) : json_(json_incref(other.json_)) {}
Value::Value(Value&& other) noexcept : json_(std::exchange(other.json_, json_null())) {}
Value& Value::operator=(Value other) noexcept {
    std::swap(json_, other.json_);
    return *this;
}
Value::~Value() {
    json_decref(json_);
}

Value Value::object() {
    return Value(json_object());
}
Value Value::array() {
    return Value(json_array());
}
Value Value::integer(std::int64_t number) {
    return Value(json_integer(number));
}
Value Value::real(double number) {
    MUSTER_ASSERT(std::isfinite(number));  // JSON has no other numbers
    return Value(json_real(number));
}
Value Value::boolean(bool value) {
    return Value(value ? json_true() : json_false());
}

Value Value::string(std::string_view text) {
    if (json_t* made = json_stringn(text.data(), text.size()); made != nullptr) return Value(made);
    std::string repaired;
    for (const char c : text) {
        if ((static_cast<unsigned char>(c) & 0x80u) != 0)
            repaired += "\xEF\xBF\xBD";
        else
            repaired += c;
    }
    return Value(json_stringn(repaired.data(), repaired.size()));
}

Result<Value> Value::parse(std::string_view text) {
    json_error_t error;
    json_t* parsed =
        json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (parsed == nullptr)
        return fail(Kind::malformed, "JSON line {} column {}: {}", error.line, error.column,
                    static_cast<const char*>(error.text));
    return Value(parsed);
}

std::string Value::format(int indent) const {
    const auto flags =
        static_cast<std::size_t>(JSON_ENCODE_ANY) |
        (indent > 0 ? JSON_INDENT(static_cast<std::size_t>(indent)) : std::size_t{JSON_COMPACT});
    const std::unique_ptr<char, decltype(&std::free)> text(json_dumps(json_, flags), &std::free);
    MUSTER_ASSERT(text != nullptr);
    return text.get();
}

bool Value::is_null() const {
    return json_is_null(json_);
}
bool Value::is_object() const {
    return json_is_object(json_);
}
bool Value::is_array() const {
    return json_is_array(json_);
}

std::optional<std::string> Value::as_string() const {
    if (!json_is_string(json_)) return std::nullopt;
    return std::string(json_string_value(json_), json_string_length(json_));
}
std::optional<std::int64_t> Value::as_integer() const {
    if (!json_is_integer(json_)) return std::nullopt;
    return json_integer_value(json_);
}
std::optional<double> Value::as_number() const {
    if (!json_is_number(json_)) return std::nullopt;
    return json_number_value(json_);
}
std::optional<bool> Value::as_boolean() const {
    if (!json_is_boolean(json_)) return std::nullopt;
    return json_is_true(json_);
}

Value& Value::set(const std::string& key, Value value) {
    const int result = json_object_set(json_, key.c_str(), value.json_);
    MUSTER_ASSERT(result == 0);
    return *this;
}
Value& Value::append(Value value) {
    const int result = json_array_append(json_, value.json_);
    MUSTER_ASSERT(result == 0);
    return *this;
}

Value Value::get(const std::string& key) const {
    json_t* member = json_object_get(json_, key.c_str());
    return member == nullptr ? Value() : Value(json_incref(member));
}
bool Value::has(const std::string& key) const {
    return json_object_get(json_, key.c_str()) != nullptr;
}

std::vector<std::pair<std::string, Value>> Value::members() const {
    std::vector<std::pair<std::string, Value>> result;
    const char* key = nullptr;
    json_t* member = nullptr;
    json_object_foreach(json_, key, member) result.emplace_back(key, Value(json_incref(member)));
    return result;
}
std::vector<Value> Value::items() const {
    std::vector<Value> result;
    for (std::size_t i = 0; i < json_array_size(json_); ++i)
        result.push_back(Value(json_incref(json_array_get(json_, i))));
    return result;
}

Result<std::string> Value::string_at(const std::string& key) const {
    const auto text = get(key).as_string();
    if (!text) return fail(Kind::malformed, "'{}' is missing or no string", key);
    return *text;
}
Result<std::int64_t> Value::integer_at(const std::string& key) const {
    const auto number = get(key).as_integer();
    if (!number) return fail(Kind::malformed, "'{}' is missing or no integer", key);
    return *number;
}

bool Value::operator==(const Value& other) const {
    return json_equal(json_, other.json_) == 1;
}

}  // namespace muster::json
