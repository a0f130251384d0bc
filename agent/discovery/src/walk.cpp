// SPDX-License-Identifier: Apache-2.0
#include "walk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/speaking.hpp"
#include "rest.hpp"
#include "words.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_dial = 250ms;
constexpr Duration later_dial = 500ms;
constexpr Duration dial_gap = 50ms;  // between the addresses of one round
constexpr Duration first_backoff = 5ms;
constexpr Duration handshake_limit = 2s;
/// A refused key may be that of another instance's broker at an old address, and a record is some
/// seconds late. What a name server still says after that is no old address; but a cache may keep
/// one for half a minute.
constexpr Duration record_lag = 5s;
constexpr Duration key_patience = 10s;
constexpr Duration stale_patience = 35s;
constexpr std::size_t most_targets = 8;
/// A pod that has waited itself becomes a broker now: its children dial it so often, for so long.
constexpr Duration hurried_backoff = 20ms;
constexpr Duration hurried_for = 3s;

/// How long a plain answer is trusted: a dial may last as long, and what is found a tenth of the
/// wait late is found by a slot's turn before.
Duration longest_trust(Duration waited) {
    return std::max<Duration>(waited / 10, later_dial);
}

/// In a large instance its children dial the leader together.
Duration longest_backoff(std::uint32_t size, Duration waited) {
    return rest_after(waited, std::max<Duration>(10ms, std::chrono::microseconds(250) * size));
}

Cause cause_of(DialOutcome::What what) {
    switch (what) {
        case DialOutcome::What::silent:
            return Cause::silent_address;
        case DialOutcome::What::unreachable:
            return Cause::unreachable_address;
        default:
            return Cause::connection_refused;
    }
}

Cause cause_of(CurveOutcome::What what) {
    switch (what) {
        case CurveOutcome::What::other_key:
            return Cause::other_certificate;
        case CurveOutcome::What::not_authorized:
            return Cause::client_not_authorized;
        case CurveOutcome::What::no_curve:
            return Cause::no_broker;
        case CurveOutcome::What::closed:
            return Cause::closing_listener;
        default:
            return Cause::silent_listener;
    }
}

/// Waiting does not mend it where it is.
bool is_refusal(Cause cause) {
    return cause == Cause::other_certificate || cause == Cause::client_not_authorized ||
           cause == Cause::no_broker || cause == Cause::closing_listener;
}

std::optional<NameWatch> make_watch(const ReachRequest& request, const Clock& clock,
                                    std::uint64_t seed) {
    if (is_numeric(request.name)) return std::nullopt;
    const NameWatch::Options options{
        .name = request.name, .family = request.family, .size = request.size, .seed = seed};
    return NameWatch(options, clock.now(), clock.wall());
}

}  // namespace

Walk::Walk(const ReachRequest& request, Seams seams)
    : request_(request),
      seams_(std::move(seams)),
      begun_(now()),
      random_(seams_.seed),
      watch_(make_watch(request, seams_.clock, random_())),
      round_at_(begun_),
      backoff_(first_backoff) {
    if (!watch_) passage_.passed.front() = Duration::zero();
}

TimePoint Walk::due() const {
    TimePoint due = begun_ + request_.wait;
    if (phase_ == Phase::accepted) return due;
    if (request_.say_waiting) due = std::min(due, begun_ + speaking_moment(spoken_));
    if (watch_) due = std::min(due, watch_->due());
    if (phase_ == Phase::dialling && next_target() != nullptr) due = std::min(due, next_dial_at_);
    if (phase_ == Phase::resting && !candidates().empty()) {
        const bool waits_for_reply = watch_ && !ask_anew_ && !watch_->is_settled(now());
        due =
            std::min(due, waits_for_reply ? std::max(round_at_, watch_->settles_at()) : round_at_);
    }
    return due;
}

void Walk::tick() {
    if (has_ended()) return;
    if (phase_ == Phase::accepted) return conclude();
    if (now() >= begun_ + request_.wait) return give_up();
    speak();
    ask_due_questions();
    begin_due_round();
    dial_due_targets();
}

void Walk::after_event() {
    if (!has_ended()) tick();
    if (seams_.changed) seams_.changed();
}

std::vector<Candidate> Walk::candidates() const {
    if (!watch_) return {{.address = request_.name, .read_at = now()}};
    return watch_->candidates();
}

Walk::Target* Walk::find_target(const std::string& address) {
    const auto found = std::find_if(targets_.begin(), targets_.end(), [&](const Target& target) {
        return target.address == address;
    });
    return found == targets_.end() ? nullptr : &*found;
}

const Walk::Target* Walk::next_target() const {
    const auto found = std::find_if(targets_.begin(), targets_.end(), [](const Target& target) {
        return target.state == Target::State::waiting;
    });
    return found == targets_.end() ? nullptr : &*found;
}

std::string Walk::text_of(const std::string& address) const {
    return fmt::format("{} port {}", address, request_.port);
}

void Walk::ask_due_questions() {
    if (!watch_) return;
    for (const auto& question : watch_->questions(now(), seams_.clock.wall())) {
        ++passage_.questions;
        // The resolver may serve others, and outlive this walk.
        seams_.resolver->ask(question, [this, alive = std::weak_ptr(alive_), question,
                                        asked_at = now()](const Reply& reply) {
            if (!alive.expired()) hear(question, reply, asked_at);
        });
    }
}

void Walk::hear(const Question& question, const Reply& reply, TimePoint asked_at) {
    if (has_ended()) return;
    watch_->heard(question, reply, now(), seams_.clock.wall());
    auto answered = reply.text;
    if (!reply.addresses.empty()) answered = reply.addresses.front().text;
    if (!reply.server.empty()) answered += fmt::format(", says {}", reply.server);
    note(Gate::name, !reply.addresses.empty(), format(question), std::move(answered), asked_at);
    if (phase_ == Phase::accepted) return after_event();
    if (candidates().empty()) {
        if (phase_ == Phase::resting) settle(watch_->failure());
    } else {
        if (failure_ && failure_->gate == Gate::name) failure_.reset();
        welcome_new_candidates();
    }
    after_event();
}

/// Addresses that this round, or the last one, did not know.
void Walk::welcome_new_candidates() {
    const auto known = candidates();
    bool is_youngest = true;
    for (const auto& candidate : known) {
        const bool is_new = find_target(candidate.address) == nullptr;
        if (is_new && phase_ == Phase::resting) {
            round_at_ = now();
            ask_anew_ = false;
        } else if (is_new && targets_.size() < most_targets) {
            const auto place = is_youngest ? targets_.begin() : targets_.end();
            targets_.insert(place, Target{.address = candidate.address});
            if (is_youngest) next_dial_at_ = now();
            if (is_youngest && phase_ == Phase::shaking) {
                // With an older address: it may be long in saying nothing.
                seams_.shaker.let_go();
                phase_ = Phase::dialling;
            }
        }
        if (is_new) backoff_ = first_backoff;
        is_youngest = false;
    }
}

void Walk::begin_due_round() {
    if (phase_ != Phase::resting || now() < round_at_ || candidates().empty()) return;
    if (std::exchange(ask_anew_, false)) {
        asked_anew_at_ = now();
        watch_->refresh(now(), seams_.clock.wall());
        ask_due_questions();
    }
    if (watch_ && !watch_->is_settled(now())) return;
    targets_.clear();
    for (const auto& candidate : candidates())
        if (targets_.size() < most_targets) targets_.push_back({.address = candidate.address});
    round_failure_.reset();
    next_dial_at_ = now();
    phase_ = Phase::dialling;
}

void Walk::dial_due_targets() {
    while (phase_ == Phase::dialling && now() >= next_dial_at_) {
        const Target* next = next_target();
        if (next == nullptr) break;
        auto& target = *find_target(next->address);
        const auto limit = passage_.dials++ == 0 ? first_dial : later_dial;
        next_dial_at_ = now() + dial_gap;
        target.state = Target::State::dialling;
        target.dialling = seams_.dialler.dial(
            target.address, request_.port, limit,
            [this, address = target.address, begun = now()](DialOutcome outcome) {
                dialled(address, begun, std::move(outcome));
            });
    }
    const bool is_over = std::all_of(targets_.begin(), targets_.end(), [](const Target& target) {
        return target.state == Target::State::failed;
    });
    if (phase_ == Phase::dialling && is_over) end_round();
}

void Walk::dialled(const std::string& address, TimePoint begun, DialOutcome outcome) {
    const auto asked = text_of(address);
    const bool is_listening = outcome.what == DialOutcome::What::listening;
    const bool is_alive = is_listening || outcome.what == DialOutcome::What::refused;
    note(Gate::address, is_alive, asked, is_alive ? "it answers" : outcome.text, begun);
    if (is_alive) note(Gate::listener, is_listening, asked, outcome.text, begun);
    if (is_listening) {
        for (auto& target : targets_) {
            if (target.state != Target::State::dialling) continue;
            target.dialling.reset();
            target.state = Target::State::waiting;
        }
        shake_hands(address, std::move(outcome));
    } else {
        auto& target = *find_target(address);
        target.dialling.reset();
        target.state = Target::State::failed;
        fail_at(is_alive ? Gate::listener : Gate::address, cause_of(outcome.what), asked,
                outcome.text);
        next_dial_at_ = now();
    }
    after_event();
}

void Walk::shake_hands(const std::string& address, DialOutcome outcome) {
    ++passage_.handshakes;
    phase_ = Phase::shaking;
    shaking_with_ = address;
    parent_waits_ = false;
    // A peer that speaks only when its time is over must do so while there is time to hear it.
    const auto limit = std::min(handshake_limit, request_.wait - since_start());
    seams_.shaker.shake_hands(address, request_.port, std::move(outcome), limit,
                              [this, address, begun = now()](const CurveOutcome& curve_outcome) {
                                  shaken(address, begun, curve_outcome);
                              });
}

void Walk::shaken(const std::string& address, TimePoint begun, const CurveOutcome& outcome) {
    if (outcome.what == CurveOutcome::What::waiting) return wait_with(address, begun, outcome);
    if (std::exchange(parent_waits_, false)) return stop_waiting_with(address);
    const bool is_accepted = outcome.what == CurveOutcome::What::accepted;
    const auto cause = cause_of(outcome.what);
    note(Gate::curve, is_accepted, text_of(address),
         is_accepted ? "our key is accepted" : outcome.text, begun);
    // Cut short by the end of the wait, its silence tells less than an earlier handshake told.
    const bool is_cut = begun - begun_ + handshake_limit > request_.wait;
    if (outcome.what == CurveOutcome::What::silent && is_cut && failure_ &&
        failure_->gate == Gate::curve)
        return after_event();
    if (is_accepted) {
        passage_.address = address;
        passage_.took = since_start();
        phase_ = Phase::accepted;
    } else {
        find_target(address)->state = Target::State::failed;
        fail_at(Gate::curve, cause, text_of(address), outcome.text);
        phase_ = Phase::dialling;
        next_dial_at_ = now();
    }
    after_event();
}

void Walk::wait_with(const std::string& address, TimePoint begun, const CurveOutcome& outcome) {
    parent_waits_ = true;
    refused_since_.reset();
    note(Gate::listener, false, text_of(address), outcome.text, begun);
    shut(Gate::listener);
    settle({.gate = Gate::listener,
            .cause = Cause::parent_waits,
            .asked = text_of(address),
            .answered = outcome.text});
    after_event();
}

void Walk::stop_waiting_with(const std::string& address) {
    find_target(address)->state = Target::State::failed;
    phase_ = Phase::resting;
    round_at_ = now();
    ask_anew_ = false;
    backoff_ = first_backoff;
    hurried_until_ = now() + hurried_for;
    after_event();
}

void Walk::conclude() {
    if (watch_) passage_.connect_by_address = watch_->doubt_plain(passage_.address);
    const bool may_wait = watch_ && watch_->may_doubt_less() && since_start() < request_.wait;
    if (passage_.connect_by_address.empty() || !may_wait) verdict_ = passage_;
}

void Walk::end_round() {
    phase_ = Phase::resting;
    shut(round_failure_->gate);
    settle(*round_failure_);
    if (is_hopeless()) return give_up();
    const bool is_refused = round_failure_->gate == Gate::curve;
    auto longest = longest_backoff(request_.size, since_start());
    if (now() < hurried_until_) longest = std::min(longest, hurried_backoff);
    const auto delay = is_refused ? longest : backoff_;
    backoff_ = std::min(backoff_ * 2, longest);
    round_at_ = now() + Duration(std::uniform_int_distribution<Duration::rep>(
                            delay.count() * 3 / 4, delay.count() * 5 / 4)(random_));
    ask_anew_ = watch_ && round_at_ - longest_trust(since_start()) >= asked_anew_at_;
}

/// The peer refuses us, has done so for long enough, and its address is no old one.
bool Walk::is_hopeless() {
    if (!is_refusal(failure_->cause)) {
        refused_since_.reset();
        return false;
    }
    if (!refused_since_) {
        refused_since_ = now();
        seams_.voice.warn(
            fmt::format("reach {}: {}; trying for {} more", request_.peer, summarize(*failure_),
                        format_seconds(std::min(key_patience, request_.wait - since_start()))));
    }
    const auto known = candidates();
    const bool is_confirmed =
        !watch_ || (!known.empty() && known.front().read_at >= *refused_since_ + record_lag);
    return now() - *refused_since_ >= (is_confirmed ? key_patience : stale_patience);
}

}  // namespace muster::discovery
