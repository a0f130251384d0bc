// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "muster/kube/list_watch.hpp"

namespace muster::kube {

/// What is known of a collection, which turns lists and events into changes. Passive; of an object
/// it keeps no more than tells one from another.
class Collection {
  public:
    explicit Collection(ListWatch::OnChange on_change) : on_change_(std::move(on_change)) {}

    void begin_list() { ++round_; }
    /// One page of a list. False: a callback has stopped us.
    bool listed(const json::Value& page);
    /// After the last page: what was not in it has vanished.
    bool end_list();
    /// An event of a watch: ADDED, MODIFIED or DELETED.
    bool heard(std::string_view type, const json::Value& object);
    /// Nothing is told any more.
    void stop() { is_stopped_ = true; }

  private:
    struct Known {
        std::string uid;
        std::string version;
        unsigned round;  ///< the last list that had it
    };
    void is_there(const json::Value& object);
    void is_gone(const std::string& key, const json::Value& object);
    void tell(Change::What what, const json::Value& object);

    ListWatch::OnChange on_change_;
    std::unordered_map<std::string, Known> known_;  ///< by "namespace/name"
    unsigned round_ = 0;
    bool is_stopped_ = false;
};

}  // namespace muster::kube
