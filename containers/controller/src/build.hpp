// SPDX-License-Identifier: Apache-2.0
// JSON objects in few words.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/json.hpp"

namespace muster::controller {

/// Members whose value is null are left out.
inline json::Value object(std::initializer_list<std::pair<const char*, json::Value>> members) {
    auto made = json::Value::object();
    for (const auto& [key, value] : members)
        if (!value.is_null()) made.set(key, value);
    return made;
}

inline json::Value list(const std::vector<json::Value>& items) {
    auto made = json::Value::array();
    for (const auto& item : items) made.append(item);
    return made;
}

inline json::Value text(std::string_view text) {
    return json::Value::string(text);
}

/// Null, and so left out, when it is empty.
inline json::Value text_or_none(std::string_view text) {
    return text.empty() ? json::Value() : json::Value::string(text);
}

inline json::Value number(std::int64_t number) {
    return json::Value::integer(number);
}

inline json::Value truth(bool value) {
    return json::Value::boolean(value);
}

inline json::Value words(const std::vector<std::string>& words) {
    auto made = json::Value::array();
    for (const auto& word : words) made.append(json::Value::string(word));
    return made;
}

}  // namespace muster::controller
