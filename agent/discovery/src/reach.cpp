// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/reach.hpp"

#include <arpa/inet.h>

#include <array>
#include <optional>
#include <random>

#include "curve_gate.hpp"
#include "dial.hpp"
#include "muster/log.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

constexpr Duration ask_interval = 100ms;
constexpr Duration first_dial = 250ms;
constexpr Duration later_dial = 500ms;
constexpr Duration first_backoff = 50ms;
constexpr Duration longest_backoff = 200ms;
constexpr Duration handshake_limit = 2s;
/// A refused key may be a stale address that now belongs to another instance; longer than this it
/// is ours that is wrong.
constexpr Duration key_patience = 10s;

bool is_numeric(const std::string& name) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

std::string format_seconds(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    return seconds < 10 ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.0f} s", seconds);
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

    Result<Reached> run() {
        say_later();
        if (is_numeric(request_->name))
            dial({request_->name});
        else
            ask();
        const bool ended = reactor_->run(Deadline::at(begun_ + request_->wait));
        if (ended && done_) return *done_;
        return tl::unexpected<Error>(failure());
    }

  private:
    Duration waited() const { return reactor_->now() - begun_; }
    Duration jittered(Duration duration) {
        return Duration(std::uniform_int_distribution<Duration::rep>(
            duration.count() / 2, duration.count() * 3 / 2)(random_));
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
        ++reached_.questions;
        resolver_->ask(request_->name, request_->family, [this](Answer answer) {
            if (answer.outcome == Answer::Outcome::found) return dial(std::move(answer.addresses));
            last_ =
                Error{Kind::no_name, fmt::format("resolve {}: {}", request_->name, answer.text)};
            again(ask_interval);
        });
    }

    /// Dials the addresses of one answer in turn; then asks anew.
    void dial(std::vector<std::string> addresses) {
        const std::string address = addresses.front();
        addresses.erase(addresses.begin());
        const auto limit = reached_.dials++ == 0 ? first_dial : later_dial;
        dial_.emplace(*reactor_, address, request_->port, limit,
                      [this, address, rest = std::move(addresses)](DialOutcome outcome) mutable {
                          if (outcome.what == DialOutcome::What::listening)
                              return shake_hands(address);
                          last_ =
                              Error{Kind::unavailable, fmt::format("dial {} port {}: {}", address,
                                                                   request_->port, outcome.text)};
                          if (!rest.empty()) return dial(std::move(rest));
                          again(backoff_);
                          backoff_ = std::min(backoff_ * 2, longest_backoff);
                      });
    }

    void shake_hands(const std::string& address) {
        curve_.shake_hands(
            address, request_->port, handshake_limit, [this, address](CurveOutcome outcome) {
                if (outcome.what == CurveOutcome::What::accepted) {
                    reached_.address = address;
                    reached_.took = waited();
                    done_ = reached_;
                    return reactor_->stop();
                }
                last_ = Error{Kind::protocol,
                              fmt::format("{} port {}: {}", address, request_->port, outcome.text)};
                if (!key_refused_since_) {
                    key_refused_since_ = reactor_->now();
                    log::warning("reach {}: {}; trying for {} more", request_->peer, last_->message,
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
            log::info(
                "waiting for {} since {}: {}", request_->peer, format_seconds(moment),
                last_ ? last_->message : fmt::format("resolve {}: no answer yet", request_->name));
            say_later();
        });
    }

    Error failure() const {
        const auto counts =
            fmt::format("asked {} times, dialled {} times in {}", reached_.questions,
                        reached_.dials, format_seconds(waited()));
        if (!last_)
            return Error{Kind::no_name, fmt::format("reach {}: resolve {}: no answer ({})",
                                                    request_->peer, request_->name, counts)};
        return Error{last_->kind,
                     fmt::format("reach {}: {} ({})", request_->peer, last_->message, counts)};
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
    std::optional<Error> last_;
    Reached reached_;
    std::optional<Reached> done_;
};

}  // namespace

Result<Reached> reach(const ReachRequest& request, const CurveKeys& keys,
                      const std::string& dns_servers, const Clock& clock) {
    TRY_ASSIGN(auto reactor, Reactor::make(clock));
    std::unique_ptr<Resolver> resolver;
    if (!is_numeric(request.name)) {
        TRY_ASSIGN(resolver, make_resolver(reactor, dns_servers));
    }
    Gates gates(reactor, resolver.get(), request, keys);
    return gates.run();
}

}  // namespace muster::discovery
