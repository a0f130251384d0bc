// SPDX-License-Identifier: Apache-2.0
#include "patch.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "build.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// What an item of a list is known by; empty where that is its place alone. A mount has a name,
/// too, which is its volume's.
const char* key_of(const Value& item) {
    // Of a toleration, and of a constraint, key and topologyKey may be there twice.
    constexpr std::array keys{"mountPath", "devicePath", "containerPort", "ip", "name"};
    const auto found = std::ranges::find_if(keys, [&](const char* key) { return item.has(key); });
    return found == keys.end() ? "" : *found;
}

Value patched_list(const Value& base, const Value& patch) {
    auto items = base.items();
    for (const auto& item : patch.items()) {
        const std::string key = key_of(item);
        if (key.empty()) return patch;
        const auto same = std::ranges::find_if(
            items, [&](const Value& each) { return each.get(key) == item.get(key); });
        if (same == items.end())
            items.push_back(item);
        else
            *same = patched(*same, item);
    }
    return list(items);
}

}  // namespace

Value patched(const Value& base, const Value& patch) {
    if (base.is_array() && patch.is_array()) return patched_list(base, patch);
    if (!patch.is_object()) return patch;
    auto made = Value::object();
    for (const auto& [key, value] : base.members()) {
        if (!patch.has(key)) made.set(key, value);
        else if (!patch.get(key).is_null()) made.set(key, patched(value, patch.get(key)));
    }
    for (const auto& [key, value] : patch.members())
        if (!base.has(key) && !value.is_null()) made.set(key, value);
    return made;
}

}  // namespace muster::controller
