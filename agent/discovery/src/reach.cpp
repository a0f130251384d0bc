// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/reach.hpp"

#include <array>
#include <optional>
#include <random>

#include "curve_gate.hpp"
#include "dial.hpp"
#include "muster/log.hpp"
#include "words.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

constexpr Duration ask_interval = 100ms;
constexpr Duration first_dial = 250ms;
constexpr Duration later_dial = 500ms;
constexpr Duration first_backoff = 5ms;
constexpr Duration longest_backoff = 200ms;
constexpr Duration handshake_limit = 2s;
constexpr Duration key_patience = 10s;

Cause cause_of(const Reply& reply) {
    switch (reply.outcome) {
        case Reply::Outcome::no_such_name:
            return Cause::no_such_name;
        case Reply::Outcome::no_data:
        case Reply::Outcome::answered:
            return Cause::no_address;
        case Reply::Outcome::server_failure:
            return Cause::server_failure;
        case Reply::Outcome::refused:
            return Cause::server_refused;
        case Reply::Outcome::silence:
            return Cause::silent_servers;
    }
    return Cause::silent_servers;
}

Cause cause_of(CurveOutcome::What what) {
    switch (what) {
        case CurveOutcome::What::other_key:
            return Cause::other_certificate;
        case CurveOutcome::What::not_authorized:
            return Cause::client_not_authorized;
        case CurveOutcome::What::no_curve:
            return Cause::no_broker;
        default:
            return Cause::silent_listener;
    }
}

/// The four gates in their plain form, passive: driven by the reactor's callbacks.
class Gates {
  public:
    Gates(Reactor& reactor, Resolver* resolver, const ReachRequest& request, const CurveKeys& keys)
        : reactor_(&reactor),
          resolver_(resolver),
          request_(&request),
          curve_(reactor, keys),
          begun_(reactor.now()),
          random_(std::random_device{}()) {}

    Verdict run() {
        if (request_->say_waiting) say_later();
        if (is_numeric(request_->name))
            dial({request_->name});
        else
            ask();
        reactor_->run(Deadline::at(begun_ + request_->wait));
        if (done_) return passage_;
        GateFailure failure =
            last_.value_or(GateFailure{.asked = request_->name, .answered = "no answer"});
        failure.waited = waited();
        failure.so_far = passage_;
        return tl::unexpected<GateFailure>(std::move(failure));
    }

  private:
    Duration waited() const { return reactor_->now() - begun_; }
    Duration jittered(Duration duration) {
        return Duration(std::uniform_int_distribution<Duration::rep>(
            duration.count() / 2, duration.count() * 3 / 2)(random_));
    }

    void note(Gate gate, bool passed, std::string asked, std::string answered, TimePoint begun) {
        if (passed) passage_.passed.at(static_cast<std::size_t>(gate)) = waited();
        passage_.attempts.add({gate, passed, std::move(asked), std::move(answered), begun - begun_,
                               reactor_->now() - begun});
    }

    void fail_at(Gate gate, Cause cause, std::string asked, std::string answered) {
        last_ = GateFailure{.gate = gate,
                            .cause = cause,
                            .asked = std::move(asked),
                            .answered = std::move(answered)};
    }

    void again(Duration delay) {
        reactor_->after(jittered(delay), [this] {
            if (is_numeric(request_->name))
                dial({request_->name});
            else
                ask();
        });
    }

    void ask() {
        ++passage_.questions;
        const Question question{.name = request_->name,
                                .type = request_->family == Family::ipv6 ? Type::aaaa : Type::a};
        resolver_->ask(question, [this, question, begun = reactor_->now()](const Reply& reply) {
            note(Gate::name, !reply.addresses.empty(), format(question), reply.text, begun);
            if (!reply.addresses.empty()) {
                std::vector<std::string> addresses;
                for (const auto& address : reply.addresses) addresses.push_back(address.text);
                return dial(std::move(addresses));
            }
            fail_at(Gate::name, cause_of(reply), request_->name, reply.text);
            again(ask_interval);
        });
    }

    /// Dials the addresses of one answer in turn; then asks anew.
    void dial(std::vector<std::string> addresses) {
        const std::string address = addresses.front();
        addresses.erase(addresses.begin());
        const auto limit = passage_.dials++ == 0 ? first_dial : later_dial;
        const auto asked = fmt::format("{} port {}", address, request_->port);
        dial_.emplace(
            *reactor_, address, request_->port, limit,
            [this, address, asked, begun = reactor_->now(),
             rest = std::move(addresses)](DialOutcome outcome) mutable {
                const bool listening = outcome.what == DialOutcome::What::listening;
                const bool alive = listening || outcome.what == DialOutcome::What::refused;
                note(Gate::address, alive, asked, outcome.text, begun);
                if (alive) note(Gate::listener, listening, asked, outcome.text, begun);
                if (listening) return shake_hands(address);
                fail_at(alive ? Gate::listener : Gate::address,
                        alive                                       ? Cause::connection_refused
                        : outcome.what == DialOutcome::What::silent ? Cause::silent_address
                                                                    : Cause::unreachable_address,
                        asked, outcome.text);
                if (!rest.empty()) return dial(std::move(rest));
                again(backoff_);
                backoff_ = std::min(backoff_ * 2, longest_backoff);
            });
    }

    void shake_hands(const std::string& address) {
        ++passage_.handshakes;
        const auto asked = fmt::format("{} port {}", address, request_->port);
        curve_.shake_hands(
            address, request_->port, handshake_limit,
            [this, address, asked, begun = reactor_->now()](const CurveOutcome& outcome) {
                const bool accepted = outcome.what == CurveOutcome::What::accepted;
                note(Gate::curve, accepted, asked, outcome.text, begun);
                if (accepted) {
                    passage_.address = address;
                    passage_.took = waited();
                    done_ = true;
                    return reactor_->stop();
                }
                fail_at(Gate::curve, cause_of(outcome.what), asked, outcome.text);
                if (!key_refused_since_) {
                    key_refused_since_ = reactor_->now();
                    log::warning("reach {}: {}: {}; trying for {} more", request_->peer, asked,
                                 outcome.text,
                                 format_seconds(std::min(key_patience, request_->wait)));
                }
                if (reactor_->now() - *key_refused_since_ >= key_patience) return reactor_->stop();
                again(longest_backoff);
            });
    }

    void say_later() {
        static constexpr std::array<Duration, 4> moments{1s, 5s, 15s, 60s};
        const std::size_t said = said_++;
        const Duration moment = said < moments.size()
                                    ? moments.at(said)
                                    : 60s * static_cast<int>(said - moments.size() + 2);
        reactor_->after(begun_ + moment - reactor_->now(), [this, moment] {
            log::info("waiting for {} since {}: {}: {}", request_->peer, format_seconds(moment),
                      last_ ? last_->asked : request_->name,
                      last_ ? last_->answered : "no answer yet");
            say_later();
        });
    }

    Reactor* reactor_;
    Resolver* resolver_;
    const ReachRequest* request_;
    CurveGate curve_;
    std::optional<Dial> dial_;
    TimePoint begun_;
    std::mt19937 random_;
    Duration backoff_ = first_backoff;
    std::size_t said_ = 0;
    std::optional<TimePoint> key_refused_since_;
    std::optional<GateFailure> last_;
    Passage passage_;
    bool done_ = false;
};

}  // namespace

Result<Verdict> pass_gates(const ReachRequest& request, const CurveKeys& keys,
                           const std::string& dns_servers, const Clock& clock) {
    TRY_ASSIGN(auto reactor, Reactor::make(clock));
    std::unique_ptr<Resolver> resolver;
    if (!is_numeric(request.name)) {
        TRY_ASSIGN(resolver, make_resolver(reactor, dns_servers));
    }
    Gates gates(reactor, resolver.get(), request, keys);
    return gates.run();
}

Result<Passage> reach(const ReachRequest& request, const CurveKeys& keys,
                      const std::string& dns_servers, const Clock& clock, Passage* trace) {
    TRY_ASSIGN(auto verdict, pass_gates(request, keys, dns_servers, clock));
    if (trace != nullptr) *trace = verdict ? *verdict : verdict.error().so_far;
    if (verdict) return std::move(*verdict);
    return tl::unexpected<Error>(describe(verdict.error(), request.peer));
}

}  // namespace muster::discovery
