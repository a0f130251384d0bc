// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <random>

#include "muster/base/reactor.hpp"
#include "store.hpp"

namespace muster::controller {

/// The MiniClusters that are to be looked at: each once, however often it was added, and never
/// twice at the same time. One that failed comes again after a growing, jittered pause.
class WorkQueue {
  public:
    using Start = std::function<void(const Key&)>;
    static constexpr Duration first_pause = std::chrono::milliseconds(200);
    static constexpr Duration longest_pause = std::chrono::minutes(1);

    /// Calls `start` out of the event loop, for `at_once` at the same time; each is to be followed
    /// by succeeded() or failed().
    WorkQueue(Reactor& reactor, std::size_t at_once, Start start, unsigned seed);
    ~WorkQueue();
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    /// In `delay` at the latest, unless a failure has to wait longer; what happens meanwhile comes
    /// along.
    void add(const Key& key, Duration delay = Duration::zero());
    void succeeded(const Key& key);
    /// Not again within `at_least`, but for longest_pause, whatever happens: a server that was asked
    /// too much says so.
    void failed(const Key& key, Duration at_least = Duration::zero());

    std::size_t size() const { return items_.size(); }

  private:
    struct Item {
        Reactor::TimerId timer = 0;
        TimePoint due{}, not_before{};
        bool is_ready = false, is_running = false, comes_again = false;
        unsigned failures = 0;
    };
    void make_ready(const Key& key);
    void start_ready();

    Reactor& reactor_;
    std::size_t at_once_;
    Start start_;
    std::minstd_rand random_;
    std::map<Key, Item> items_;
    std::deque<Key> ready_;
    std::size_t running_ = 0;
};

}  // namespace muster::controller
