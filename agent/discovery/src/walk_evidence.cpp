// SPDX-License-Identifier: Apache-2.0
// What a walk has tried, why it failed so far, and what people are told of it.
#include <fmt/format.h>

#include "muster/base/speaking.hpp"
#include "walk.hpp"
#include "words.hpp"

namespace muster::discovery {

void Walk::note(Gate gate, bool passed, std::string asked, std::string answered, TimePoint begun) {
    auto& since = passage_.passed.at(static_cast<std::size_t>(gate));
    if (passed && !since) since = since_start();
    passage_.attempts.add({.gate = gate,
                           .passed = passed,
                           .asked = std::move(asked),
                           .answered = std::move(answered),
                           .begun = begun - begun_,
                           .took = now() - begun});
}

/// This gate and those behind it are shut again.
void Walk::shut(Gate gate) {
    for (auto i = static_cast<std::size_t>(gate); i < gate_count; ++i)
        passage_.passed.at(i).reset();
}

/// Of a round the failure at the furthest gate tells most.
void Walk::fail_at(Gate gate, Cause cause, std::string asked, std::string answered) {
    if (round_failure_ && round_failure_->gate > gate) return;
    round_failure_ = GateFailure{
        .gate = gate, .cause = cause, .asked = std::move(asked), .answered = std::move(answered)};
}

void Walk::settle(GateFailure failure) {
    if (!failure_ || failure_->cause != failure.cause) failing_since_ = now();
    if (failure.gate == Gate::name) shut(Gate::name);
    failure_ = std::move(failure);
}

void Walk::speak() {
    if (!request_.say_waiting || since_start() < speaking_moment(spoken_)) return;
    const auto moment = speaking_moment(spoken_++);
    seams_.voice.inform(fmt::format(
        "waiting for {} since {}: {}", request_.peer, format_seconds(moment),
        failure_ ? summarize(*failure_) : fmt::format("{}: no answer yet", request_.name)));
}

void Walk::give_up() {
    if (!failure_ && !round_failure_ && phase_ == Phase::dialling)
        fail_at(Gate::address, Cause::silent_address, text_of(targets_.front().address),
                "no answer to the connection attempt");
    if (!failure_ && phase_ == Phase::shaking)
        fail_at(Gate::curve, Cause::silent_listener, text_of(shaking_with_),
                "it accepts the connection but says nothing");
    if (round_failure_ && phase_ != Phase::resting) settle(*round_failure_);
    if (!failure_ && watch_) settle(watch_->failure());
    GateFailure failure = failure_.value_or(GateFailure{.gate = Gate::address,
                                                        .cause = Cause::silent_address,
                                                        .asked = text_of(request_.name),
                                                        .answered = "no time was left to dial it"});
    failure.waited = since_start();
    failure.lasted = now() - failing_since_;
    failure.platform = request_.platform;
    failure.doubts = request_.doubts;
    failure.so_far = passage_;
    failure.so_far.took = since_start();
    verdict_ = tl::unexpected<GateFailure>(std::move(failure));
}

}  // namespace muster::discovery
