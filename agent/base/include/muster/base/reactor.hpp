// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/fd.hpp"

namespace muster {

/// One thread's event loop over epoll(7): descriptors, timers and signals, each with a callback.
/// Callbacks may watch, forget and cancel anything, themselves included.
class Reactor {
  public:
    using Handler = std::function<void(std::uint32_t events)>;  ///< events as epoll reports them
    using Action = std::function<void()>;
    using TimerId = std::uint64_t;  ///< 0 is no timer

    static Result<Reactor> make(const Clock& clock);
    Reactor(Reactor&&) = default;

    /// Calls `handler` whenever `fd` has one of `events` (EPOLLIN, ...). Replaces an earlier watch
    /// of `fd`. The descriptor stays the caller's; forget it before it is closed.
    void watch(int fd, std::uint32_t events, Handler handler);
    void forget(int fd);

    /// Calls `action` once, `delay` from now.
    TimerId after(Duration delay, Action action);
    void cancel(TimerId timer);

    /// Blocks `signals` in this thread and calls `handler` with each one's number, by signalfd(2).
    Result<void> on_signals(std::vector<int> signals, std::function<void(int)> handler);

    /// Runs until stop() or `deadline`. True when stop() ended it.
    bool run(Deadline deadline = Deadline::never());
    void stop() { stopped_ = true; }
    TimePoint now() const { return clock_->now(); }

  private:
    Reactor(const Clock& clock, Fd epoll) : clock_(&clock), epoll_(std::move(epoll)) {}
    void run_due_timers();
    int timeout_ms(Deadline deadline) const;

    const Clock* clock_;
    Fd epoll_;
    Fd signals_;
    std::unordered_map<int, std::shared_ptr<Handler>> handlers_;
    std::map<std::pair<TimePoint, TimerId>, Action> timers_;
    std::unordered_map<TimerId, TimePoint> timer_times_;
    TimerId last_timer_ = 0;
    bool stopped_ = false;
};

}  // namespace muster
