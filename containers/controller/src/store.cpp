// SPDX-License-Identifier: Apache-2.0
#include "store.hpp"

#include <algorithm>

#include "build.hpp"
#include "names.hpp"
#include "read.hpp"
#include "slim.hpp"
#include "state.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// A number since Kubernetes 1.35 (KEP 5504), and in fact long before; 0 when it is none.
std::uint64_t version_of(const Value& object) {
    const auto text = text_at(object.get("metadata"), "resourceVersion");
    return std::strtoull(text.c_str(), nullptr, 10);
}

std::pair<ObjectName, std::string> id_of(const std::string& kind, const Value& object) {
    const auto metadata = object.get("metadata");
    return {{kind, text_at(metadata, "name")}, text_at(metadata, "namespace")};
}

/// Whether `now` is older than `before`, of the same object.
bool is_older(const Value& now, const Value& before) {
    return at(now, {"metadata", "uid"}) == at(before, {"metadata", "uid"}) &&
           version_of(now) < version_of(before);
}

/// But for the resourceVersion, which changes with what we do not look at.
bool tells_the_same(const Value& one, const Value& other) {
    if (one.is_null() || other.is_null()) return false;
    const auto same = [](const Value& a, const Value& b, std::initializer_list<const char*> keys) {
        return std::ranges::all_of(keys, [&](const char* key) { return a.get(key) == b.get(key); });
    };
    return same(one, other, {"spec", "status"}) &&
           same(one.get("metadata"), other.get("metadata"),
                {"uid", "generation", "deletionTimestamp", "ownerReferences", "annotations"});
}

}  // namespace

Key key_of(const std::string& kind, const Value& object) {
    const auto metadata = object.get("metadata");
    return {text_at(metadata, "namespace"),
            text_at(kind == "MiniCluster" ? metadata : metadata.get("labels"),
                    kind == "MiniCluster" ? "name" : name_label)};
}

std::optional<Key> Store::put(const std::string& kind, const Value& object) {
    auto kept = slim(kind, object);
    const auto key = key_of(kind, kept);
    const auto id = id_of(kind, kept);
    if (key.name.empty()) return {};
    auto& entry = entries_[key];
    owners_[id] = key;
    auto& place = kind == "MiniCluster" ? entry.minicluster
                  : kind == "Pod"       ? entry.pods[id.first]
                                        : entry.objects[id.first];
    if (is_older(kept, place)) return {};
    const bool is_news = !tells_the_same(kept, place);
    place = std::move(kept);
    entry.found.erase(id.first);
    return is_news ? std::optional(key) : std::nullopt;
}

std::optional<Key> Store::erase(const std::string& kind, const Value& object) {
    const auto id = id_of(kind, object);
    const auto owner = owners_.find(id);
    if (owner == owners_.end()) return {};
    const auto key = owner->second;
    owners_.erase(owner);
    auto& entry = entries_[key];
    if (kind == "MiniCluster") entry.minicluster = {};
    entry.objects.erase(id.first);
    entry.pods.erase(id.first);
    if (entry.is_empty()) entries_.erase(key);
    return key;
}

void Store::put_found(const Key& key, const std::string& kind, const Value& object) {
    const auto id = id_of(kind, object);
    entries_[key].found[id.first] = slim(kind, object);
}

void Store::forget_found(const Key& key) {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return;
    entry->second.found.clear();
    if (entry->second.is_empty()) entries_.erase(entry);
}

bool Store::has_found(const Key& key) const {
    const auto entry = entries_.find(key);
    return entry != entries_.end() && !entry->second.found.empty();
}

std::optional<Observed> Store::observe(const Key& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.minicluster.is_null()) return {};
    const auto& entry = found->second;
    Observed observed{.minicluster = entry.minicluster, .objects = {}, .pods = {}, .refusal = {}, .image = image_};
    for (const auto* map : {&entry.objects, &entry.found})
        for (const auto& [name, object] : *map) observed.objects.push_back(object);
    const auto instance = text_at(entry.minicluster.get("metadata"), "uid").substr(0, 8);
    for (const auto& [name, pod] : entry.pods)
        if (text_at(at(pod, {"metadata", "labels"}), instance_label) == instance)
            observed.pods.push_back(pod);
    return observed;
}

std::size_t Store::count(const std::string& kind) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        owners_, [&](const auto& each) { return each.first.first.kind == kind; }));
}

}  // namespace muster::controller
