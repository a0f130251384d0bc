// SPDX-License-Identifier: Apache-2.0
#include "curve_gate.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "doorstep.hpp"

namespace muster::discovery {
namespace {

/// The pod behind it may have gone without a word.
constexpr Duration longest_hold = std::chrono::seconds(10);

/// Says in the opening that this is a gate.
void mark(std::vector<std::uint8_t>& opening) {
    if (opening.size() < guest_mark_at + guest_mark.size() || opening.front() != 0xff) return;
    std::copy(guest_mark.begin(), guest_mark.end(), opening.begin() + guest_mark_at);
}

}  // namespace

void CurveGate::shake_hands(Fd connection, Duration limit, Callback callback) {
    let_go();
    handshake_ = factory_();
    callback_ = std::move(callback);
    connection_ = std::move(connection);
    prompted_ = is_held_untold_ = false;
    first_words_.clear();
    unsent_ = handshake_->take_output();
    mark(unsent_);
    const Duration last_words = limit / 8;
    timer_ = reactor_->after(limit - last_words, [this, last_words] {
        prompt();
        timer_ = reactor_->after(last_words, [this] {
            handshake_->silent();
            finish_if_over();
        });
    });
    send();
}

void CurveGate::prompt() {
    prompted_ = true;
    ::shutdown(connection_.get(), SHUT_WR);
}

void CurveGate::on_ready() {
    receive();
    send();
    if (std::exchange(is_held_untold_, false)) {
        const auto callback = callback_;  // it may let go
        return callback({CurveOutcome::What::waiting, "its pod waits for its own parent"});
    }
    finish_if_over();
}

void CurveGate::receive() {
    std::array<std::uint8_t, 1024> bytes{};
    while (!handshake_->outcome()) {
        const auto size = ::recv(connection_.get(), bytes.data(), bytes.size(), 0);
        if (size > 0) {
            take(std::span(bytes).first(static_cast<std::size_t>(size)));
        } else if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        } else if (prompted_) {
            handshake_->silent();  // it closes because we did
        } else {
            handshake_->closed();
        }
    }
}

void CurveGate::take(std::span<const std::uint8_t> bytes) {
    if (first_words_ == doorstep_words) return;  // it has said all
    if (!doorstep_words.starts_with(first_words_)) return handshake_->receive(bytes);
    first_words_.append(bytes.begin(), bytes.end());
    if (first_words_ == doorstep_words) return hold();
    if (doorstep_words.starts_with(first_words_)) return;
    handshake_->receive(std::vector<std::uint8_t>(first_words_.begin(), first_words_.end()));
}

void CurveGate::hold() {
    reactor_->cancel(timer_);
    timer_ = reactor_->after(longest_hold, [this] {
        handshake_->closed();
        finish_if_over();
    });
    is_held_untold_ = true;
}

void CurveGate::send() {
    const auto output = handshake_->take_output();
    unsent_.insert(unsent_.end(), output.begin(), output.end());
    if (!unsent_.empty()) {
        const auto size = ::send(connection_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (size > 0) unsent_.erase(unsent_.begin(), unsent_.begin() + size);
        // An error is met again, with its meaning, when the answer is read.
        if (size < 0 && errno != EAGAIN) unsent_.clear();
    }
    const std::uint32_t writable = unsent_.empty() ? 0u : std::uint32_t{EPOLLOUT};
    reactor_->watch(connection_.get(), EPOLLIN | writable, [this](std::uint32_t) { on_ready(); });
}

void CurveGate::finish_if_over() {
    auto outcome = handshake_->outcome();
    if (!outcome) return;
    const auto callback = std::move(callback_);
    let_go();
    callback(std::move(*outcome));
}

void CurveGate::let_go() {
    reactor_->cancel(timer_);
    if (connection_) reactor_->forget(connection_.get());
    connection_.reset();
    handshake_.reset();
    unsent_.clear();
}

}  // namespace muster::discovery
