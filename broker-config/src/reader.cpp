// SPDX-License-Identifier: Apache-2.0
#include "reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "muster/broker_config/duration.hpp"

namespace muster::broker_config {

tl::unexpected<Error> refuse(const Place& place, std::string_view key, std::string_view reason) {
    std::string where;
    if (!place.file.empty()) {
        where = place.file;
        if (place.line != 0) where += fmt::format(":{}", place.line);
        where += ": ";
    }
    if (!key.empty()) where += fmt::format("{}: ", key);
    return muster::fail(Kind::config, "{}{}", where, reason);
}

TableReader::TableReader(const Value& value, std::string path)
    : value_(value), path_(std::move(path)) {
    if (value_.table() == nullptr)
        fail("", fmt::format("Expected object, got {}", value_.type_name()));
}

std::string TableReader::path_of(std::string_view key) const {
    if (key.empty()) return path_;
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const Value* TableReader::take(std::string_view key) {
    known_.push_back(key);
    if (failed()) return nullptr;
    return value_.table()->find(key);
}

void TableReader::fail(std::string_view key, std::string_view reason) {
    if (failed()) return;
    const Value* value = value_.table() != nullptr ? value_.table()->find(key) : nullptr;
    const Place& place = value != nullptr ? value->place : value_.place;
    error_ = refuse(place, path_of(key), reason).value();
}

void TableReader::fail_either(std::string_view key, std::string_view other,
                              std::string_view reason) {
    if (failed()) return;
    const Value* value = value_.table()->find(key);
    fail(value != nullptr && !value->place.file.empty() ? key : other, reason);
}

void TableReader::expect(const Value& value, std::string_view key, std::string_view type) {
    fail(key, fmt::format("Expected {}, got {}", type, value.type_name()));
}

std::optional<std::string> TableReader::string(std::string_view key) {
    const Value* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (const std::string* text = value->string()) return *text;
    expect(*value, key, "string");
    return std::nullopt;
}

std::string TableReader::required_string(std::string_view key) {
    auto text = string(key);
    if (!text) fail(key, fmt::format("Object item not found: {}", key));
    return text.value_or("");
}

std::optional<std::int64_t> TableReader::integer(std::string_view key) {
    const Value* value = take(key);
    if (value == nullptr) return std::nullopt;
    const auto* number = std::get_if<std::int64_t>(&value->data);
    if (number == nullptr) {
        expect(*value, key, "integer");
        return std::nullopt;
    }
    // Flux would cut it to an int without a word.
    if (*number < std::numeric_limits<int>::min() || *number > std::numeric_limits<int>::max()) {
        fail(key, fmt::format("{} does not fit in 32 bits", *number));
        return std::nullopt;
    }
    return *number;
}

std::optional<bool> TableReader::boolean(std::string_view key) {
    const Value* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (const bool* flag = std::get_if<bool>(&value->data)) return *flag;
    expect(*value, key, "true or false");
    return std::nullopt;
}

std::optional<std::string> TableReader::duration(std::string_view key) {
    const Value* value = take(key);
    if (value == nullptr) return std::nullopt;
    const std::string* text = value->string();
    if (text == nullptr) {
        fail(key, fmt::format("Expected string, got {} (a duration is written like \"5s\")",
                              value->type_name()));
        return std::nullopt;
    }
    if (const auto seconds = parse_duration(*text); !seconds) fail(key, seconds.error().message);
    return *text;
}

const Value* TableReader::any(std::string_view key) {
    return take(key);
}

Result<void> TableReader::finish_ignoring_others() {
    if (error_) return tl::unexpected<Error>(std::move(*error_));
    return {};
}

Result<void> TableReader::finish() {
    TRY(finish_ignoring_others());
    std::vector<std::string_view> unknown;
    for (const auto& [key, value] : value_.table()->members())
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) unknown.push_back(key);
    if (unknown.empty()) return {};
    fail(unknown.front(), fmt::format("unknown key ({} object item(s) left unpacked: {})",
                                      unknown.size(), fmt::join(unknown, ", ")));
    return finish_ignoring_others();
}

std::optional<std::vector<std::string>> strings_of(const Value& value) {
    if (value.array() == nullptr) return std::nullopt;
    std::vector<std::string> strings;
    for (const auto& item : *value.array()) {
        if (item.string() == nullptr) return std::nullopt;
        strings.push_back(*item.string());
    }
    return strings;
}

}  // namespace muster::broker_config
