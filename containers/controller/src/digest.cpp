// SPDX-License-Identifier: Apache-2.0
#include "digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace muster::controller {
namespace {

using json::Value;

std::string sorted_text(const Value& value) {
    std::string text;
    if (value.is_object()) {
        auto members = value.members();
        std::ranges::sort(members, {}, [](const auto& member) { return member.first; });
        for (const auto& [key, member] : members)
            text += Value::string(key).format() + ":" + sorted_text(member) + ",";
        return "{" + text + "}";
    }
    if (value.is_array()) {
        for (const auto& item : value.items()) text += sorted_text(item) + ",";
        return "[" + text + "]";
    }
    return value.format();
}

std::string digest(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return fmt::format("{:016x}", hash);
}

}  // namespace

Value digests(const Value& spec) {
    auto made = Value::object();
    for (const auto& [key, value] : spec.members())
        made.set(key, Value::string(digest(sorted_text(value))));
    return made;
}

std::vector<std::string> differences(const Value& before, const Value& now) {
    std::set<std::string> keys;
    for (const auto& side : {before, now})
        for (const auto& [key, value] : side.members())
            if (before.get(key) != now.get(key)) keys.insert("spec." + key);
    return {keys.begin(), keys.end()};
}

}  // namespace muster::controller
