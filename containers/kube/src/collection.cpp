// SPDX-License-Identifier: Apache-2.0
#include "collection.hpp"

#include <utility>
#include <vector>

namespace muster::kube {
namespace {

std::string text_at(const json::Value& object, const std::string& key) {
    return object.get(key).as_string().value_or("");
}

std::string key_of(const json::Value& metadata) {
    return text_at(metadata, "namespace") + "/" + text_at(metadata, "name");
}

/// What is left of an object that nobody saw go.
json::Value remains(const std::string& key, const std::string& uid) {
    const auto slash = key.find('/');
    auto metadata = json::Value::object();
    metadata.set("name", json::Value::string(key.substr(slash + 1)));
    if (slash != 0) metadata.set("namespace", json::Value::string(key.substr(0, slash)));
    metadata.set("uid", json::Value::string(uid));
    return json::Value::object().set("metadata", metadata);
}

/// Items of a list of a built-in kind do not say what they are; those of a watch do.
void name_kind(json::Value& item, const json::Value& page) {
    if (item.has("kind")) return;
    const std::string kind = text_at(page, "kind");
    if (!kind.ends_with("List")) return;
    item.set("apiVersion", page.get("apiVersion"));
    item.set("kind", json::Value::string(kind.substr(0, kind.size() - 4)));
}

}  // namespace

void Collection::tell(Change::What what, const json::Value& object) {
    if (!is_stopped_) on_change_(Change{what, object});
}

void Collection::is_gone(const std::string& key, const json::Value& object) {
    if (known_.erase(key) != 0) tell(Change::What::deleted, object);
}

void Collection::is_there(const json::Value& object) {
    const auto metadata = object.get("metadata");
    const std::string key = key_of(metadata);
    const Known now{text_at(metadata, "uid"), text_at(metadata, "resourceVersion"), round_};
    auto found = known_.find(key);
    if (found != known_.end() && found->second.uid != now.uid) {
        is_gone(key, remains(key, found->second.uid));
        found = known_.end();
    }
    const bool is_new = found == known_.end();
    const bool is_same = !is_new && found->second.version == now.version;
    known_.insert_or_assign(key, now);
    if (!is_same) tell(is_new ? Change::What::added : Change::What::modified, object);
}

bool Collection::listed(const json::Value& page) {
    for (auto& item : page.get("items").items()) {
        name_kind(item, page);
        is_there(item);
        if (is_stopped_) return false;
    }
    return true;
}

bool Collection::end_list() {
    std::vector<std::pair<std::string, std::string>> vanished;
    for (const auto& [key, known] : known_)
        if (known.round != round_) vanished.emplace_back(key, known.uid);
    for (const auto& [key, uid] : vanished) is_gone(key, remains(key, uid));
    tell(Change::What::synced, json::Value());
    return !is_stopped_;
}

bool Collection::heard(std::string_view type, const json::Value& object) {
    if (type == "DELETED")
        is_gone(key_of(object.get("metadata")), object);
    else
        is_there(object);
    return !is_stopped_;
}

}  // namespace muster::kube
