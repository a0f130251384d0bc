// SPDX-License-Identifier: Apache-2.0
#include "muster/base/reactor.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "muster/base/assert.hpp"

namespace muster {

Result<Reactor> Reactor::make(const Clock& clock) {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail(Kind::internal, "make an event loop: {}", os_error(errno));
    return Reactor(clock, std::move(epoll));
}

void Reactor::watch(int fd, std::uint32_t events, Handler handler) {
    const bool known = handlers_.contains(fd);
    handlers_[fd] = std::make_shared<Handler>(std::move(handler));
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    const int result = ::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    MUSTER_ASSERT(result == 0);
}

void Reactor::forget(int fd) {
    if (handlers_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Reactor::TimerId Reactor::after(Duration delay, Action action) {
    const TimerId timer = ++last_timer_;
    const TimePoint due = now() + delay;
    timers_.emplace(std::pair(due, timer), std::move(action));
    timer_times_.emplace(timer, due);
    return timer;
}

void Reactor::cancel(TimerId timer) {
    const auto found = timer_times_.find(timer);
    if (found == timer_times_.end()) return;
    timers_.erase({found->second, timer});
    timer_times_.erase(found);
}

Result<void> Reactor::on_signals(std::vector<int> signals, std::function<void(int)> handler) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
        return fail(Kind::internal, "block signals: {}", os_error(errno));
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail(Kind::internal, "receive signals: {}", os_error(errno));
    watch(signals_.get(), EPOLLIN,
          [fd = signals_.get(), handler = std::move(handler)](std::uint32_t) {
              signalfd_siginfo info{};
              while (::read(fd, &info, sizeof info) == sizeof info)
                  handler(static_cast<int>(info.ssi_signo));
          });
    return {};
}

int Reactor::timeout_ms(Deadline deadline) const {
    const TimePoint next = timers_.empty() ? TimePoint::max() : timers_.begin()->first.first;
    const Duration left = Deadline::at(next).sooner(deadline).left(now());
    if (left == Duration::max()) return -1;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::min<std::int64_t>(ms, 3'600'000));
}

void Reactor::run_due_timers() {
    // Only those due now: an action that sets a timer of zero delay must not starve the
    // descriptors.
    const TimePoint due = now();
    while (!stopped_ && !timers_.empty() && timers_.begin()->first.first <= due) {
        auto node = timers_.extract(timers_.begin());
        timer_times_.erase(node.key().second);
        node.mapped()();
    }
}

bool Reactor::run(Deadline deadline) {
    stopped_ = false;
    std::array<epoll_event, 64> events{};
    while (!stopped_ && !deadline.passed(now())) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                       timeout_ms(deadline));
        MUSTER_ASSERT(count >= 0 || errno == EINTR);
        for (int i = 0; i < count && !stopped_; ++i) {
            const auto& event = events.at(static_cast<std::size_t>(i));
            const auto found = handlers_.find(event.data.fd);
            if (found == handlers_.end()) continue;  // forgotten by an earlier callback
            const auto handler = found->second;      // lives on if it forgets itself
            (*handler)(event.events);
        }
        run_due_timers();
    }
    return stopped_;
}

}  // namespace muster
