// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "muster/controller/decide.hpp"

namespace muster::controller {

/// A MiniCluster by its name.
struct Key {
    std::string name_space;
    std::string name;
    auto operator<=>(const Key&) const = default;
};

/// The MiniCluster that `object` is or belongs to; without a name where it belongs to none.
Key key_of(const std::string& kind, const json::Value& object);

/// What the watches have told, by the MiniCluster that it belongs to; of each object only what
/// decide() looks at. Never a Secret's data.
class Store {
  public:
    /// `image` is what muster is installed from where a MiniCluster names none; empty: as it is.
    explicit Store(std::string image = {}) : image_(std::move(image)) {}

    /// Takes `object` for what it is now; what is older than what is known is passed over. The
    /// MiniCluster that this is news about, if it is any.
    std::optional<Key> put(const std::string& kind, const json::Value& object);
    /// Of `object` only its name and namespace are read.
    std::optional<Key> erase(const std::string& kind, const json::Value& object);
    /// Forgets what of `key` no watch tells of: what put_found() has put.
    void forget_found(const Key& key);
    /// Like put(), of an object that was looked up, in whose MiniCluster's way it is.
    void put_found(const Key& key, const std::string& kind, const json::Value& object);
    bool has_found(const Key& key) const;

    /// Nothing when there is no such MiniCluster.
    std::optional<Observed> observe(const Key& key) const;
    std::size_t count(const std::string& kind) const;

  private:
    struct Entry {
        json::Value minicluster;
        std::map<ObjectName, json::Value> objects, pods, found;
        bool is_empty() const {
            return minicluster.is_null() && objects.empty() && pods.empty() && found.empty();
        }
    };
    using Id = std::pair<ObjectName, std::string>;  ///< and namespace
    std::string image_;
    std::map<Key, Entry> entries_;
    std::map<Id, Key> owners_;
};

}  // namespace muster::controller
