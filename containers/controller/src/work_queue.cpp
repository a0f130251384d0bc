// SPDX-License-Identifier: Apache-2.0
#include "work_queue.hpp"

#include <algorithm>

namespace muster::controller {

WorkQueue::WorkQueue(Reactor& reactor, std::size_t at_once, Start start, unsigned seed)
    : reactor_(reactor), at_once_(at_once), start_(std::move(start)), random_(seed) {}

WorkQueue::~WorkQueue() {
    for (const auto& [key, item] : items_) reactor_.cancel(item.timer);
}

void WorkQueue::add(const Key& key, Duration delay) {
    auto& item = items_[key];
    if (item.is_running) {
        item.comes_again = true;
        return;
    }
    const auto due = std::max(reactor_.now() + delay, item.not_before);
    if (item.is_ready || (item.timer != 0 && item.due <= due)) return;
    reactor_.cancel(item.timer);
    item.due = due;
    item.timer = reactor_.after(due - reactor_.now(), [this, key] { make_ready(key); });
}

void WorkQueue::make_ready(const Key& key) {
    auto& item = items_[key];
    item.timer = 0;
    item.is_ready = true;
    ready_.push_back(key);
    start_ready();
}

void WorkQueue::start_ready() {
    while (running_ < at_once_ && !ready_.empty()) {
        const auto key = ready_.front();
        ready_.pop_front();
        auto& item = items_[key];
        item.is_ready = false;
        item.is_running = true;
        ++running_;
        start_(key);
    }
}

void WorkQueue::succeeded(const Key& key) {
    --running_;
    const bool comes_again = items_[key].comes_again;
    items_.erase(key);
    if (comes_again) add(key);
    start_ready();
}

void WorkQueue::failed(const Key& key, Duration at_least) {
    --running_;
    auto& item = items_[key];
    item.is_running = item.comes_again = false;
    item.not_before = reactor_.now() + std::min(at_least, longest_pause);
    const auto pause = std::min(longest_pause, first_pause * (1 << std::min(item.failures, 10U)));
    ++item.failures;
    std::uniform_real_distribution<double> share(0.75, 1.25);
    add(key, std::chrono::duration_cast<Duration>(pause * share(random_)));
    start_ready();
}

}  // namespace muster::controller
