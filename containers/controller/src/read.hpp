// SPDX-License-Identifier: Apache-2.0
// Reading fields whose type has been checked.
#pragma once

#include <map>
#include <string>

#include "muster/controller/minicluster.hpp"

namespace muster::controller {

inline std::string text_at(const json::Value& object, const std::string& key) {
    return object.get(key).as_string().value_or("");
}

inline bool is_set(const json::Value& object, const std::string& key) {
    return object.get(key).as_boolean().value_or(false);
}

inline std::map<std::string, std::string> texts_at(const json::Value& object,
                                                   const std::string& key) {
    std::map<std::string, std::string> texts;
    for (const auto& [name, value] : object.get(key).members())
        texts.emplace(name, value.as_string().value_or(""));
    return texts;
}

/// The words of `text`, quoted as in a shell. Errors: malformed, with `where` before the reason.
Result<std::vector<std::string>> read_words(const std::string& text, const std::string& where);

/// One item of spec.containers, but for the words of its command; `where` is its path, for errors.
Result<Container> read_container(const json::Value& item, const std::string& where);

}  // namespace muster::controller
