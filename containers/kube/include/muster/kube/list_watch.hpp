// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "muster/base/reactor.hpp"
#include "muster/kube/requests.hpp"

namespace muster::kube {

/// What has happened to an object of a collection.
struct Change {
    enum class What {
        added,
        modified,
        deleted,
        synced,  ///< all that was there has been told; again after each list
    };
    What what;
    /// As it is now; deleted: as it was last, or where nobody saw it go, only its metadata.name,
    /// .namespace and .uid. Of synced none.
    json::Value object;
};

/// Objects of a kind, and all that happens to them: list, then watch from the list's
/// resourceVersion (Kubernetes, "Efficient detection of changes"). A watch is renewed every 5 to 10
/// minutes, which is all it asks while nothing changes; one that breaks begins again where it was,
/// after growing, jittered pauses. Where the server has forgotten that place (410) everything is
/// listed again, and what has vanished meanwhile is told as deleted. An object that was created
/// again under its name is told as deleted, then added.
class ListWatch {
  public:
    struct Options {
        Resource resource;
        std::string name_space = {};  ///< empty: all
        std::string label_selector = {};
        std::string field_selector = {};
        std::uint32_t page =
            25;             ///< objects in one answer, which is in memory as a whole: 110 KiB a pod
        unsigned seed = 0;  ///< of the jitter; 0: a random one
    };
    using OnChange = std::function<void(const Change&)>;
    /// What went wrong, and when it is tried again. For the log: it goes on by itself.
    using OnTrouble = std::function<void(const Failure&, Duration again)>;

    /// Starts at once. `server` and `reactor` must outlive it. Callbacks may destroy it.
    ListWatch(ApiServer& server, Reactor& reactor, Options options, OnChange on_change,
              OnTrouble on_trouble);
    ~ListWatch();

    bool is_synced() const;  ///< the first list is complete

  private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace muster::kube
