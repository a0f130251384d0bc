// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/reach.hpp"

#include <random>

#include "curve_gate.hpp"
#include "dial.hpp"
#include "doorstep.hpp"
#include "muster/log.hpp"
#include "walk.hpp"
#include "words.hpp"

namespace muster::discovery {
namespace {

struct TcpDialling final : Dialling {
    TcpDialling(Reactor& reactor, const std::string& address, std::uint16_t port, Duration limit,
                Dial::Callback callback)
        : dial(reactor, address, port, limit, std::move(callback)) {}
    Dial dial;
};

class TcpDialler final : public Dialler {
  public:
    explicit TcpDialler(Reactor& reactor) : reactor_(&reactor) {}
    std::unique_ptr<Dialling> dial(const std::string& address, std::uint16_t port, Duration limit,
                                   Callback callback) override {
        return std::make_unique<TcpDialling>(*reactor_, address, port, limit, std::move(callback));
    }

  private:
    Reactor* reactor_;
};

class CurveShaker final : public Shaker {
  public:
    CurveShaker(Reactor& reactor, const HandshakeFactory& handshakes)
        : gate_(reactor, handshakes) {}
    void shake_hands(const std::string&, std::uint16_t, DialOutcome dialled, Duration limit,
                     Callback callback) override {
        gate_.shake_hands(std::move(dialled.connection), limit, std::move(callback));
    }
    void let_go() override { gate_.let_go(); }

  private:
    CurveGate gate_;
};

/// Lets the reactor drive the walk: one timer, for when it is due.
class Drive {
  public:
    Drive(Reactor& reactor, Resolver* resolver, const ReachRequest& request,
          const HandshakeFactory& handshakes, const Clock& clock, std::function<void()> ended)
        : reactor_(&reactor),
          ended_(std::move(ended)),
          dialler_(reactor),
          shaker_(reactor, handshakes),
          walk_(request,
                {.clock = clock,
                 .resolver = resolver,
                 .dialler = dialler_,
                 .shaker = shaker_,
                 .voice = {.inform = [](const std::string& text) { log::info("{}", text); },
                           .warn = [](const std::string& text) { log::warning("{}", text); }},
                 .changed = [this] { set_timer(); },
                 .seed = std::random_device{}()}) {}
    Drive(const Drive&) = delete;
    Drive& operator=(const Drive&) = delete;

    ~Drive() { reactor_->cancel(timer_); }

    void start() { tick(); }
    bool has_ended() const { return walk_.has_ended(); }
    /// Once it has ended.
    Verdict verdict() const { return walk_.verdict(); }

  private:
    void tick() {
        walk_.tick();
        set_timer();
    }

    void set_timer() {
        reactor_->cancel(timer_);
        if (walk_.has_ended()) {
            if (ended_) std::exchange(ended_, nullptr)();
            return;
        }
        timer_ = reactor_->after(std::max(walk_.due() - reactor_->now(), Duration::zero()),
                                 [this] { tick(); });
    }

    Reactor* reactor_;
    std::function<void()> ended_;
    TcpDialler dialler_;
    CurveShaker shaker_;
    Walk walk_;
    Reactor::TimerId timer_ = 0;
};

}  // namespace

Result<Verdict> pass_gates(const ReachRequest& request, const HandshakeFactory& handshakes,
                           const std::string& dns_servers, const Clock& clock) {
    TRY_ASSIGN(auto reactor, Reactor::make(clock));
    std::unique_ptr<Resolver> resolver;
    if (!is_numeric(request.name)) {
        TRY_ASSIGN(resolver, make_resolver(reactor, dns_servers));
    }
    Doorstep doorstep(reactor);
    if (!request.bind.empty()) {
        const auto opened = doorstep.open(request.bind, request.family != Family::ipv4);
        if (!opened) log::debug("no doorstep: {}", opened.error().message);
    }
    Drive drive(reactor, resolver.get(), request, handshakes, clock,
                [&reactor] { reactor.stop(); });
    drive.start();
    if (!drive.has_ended()) reactor.run();
    return drive.verdict();
}

Result<std::vector<Verdict>> pass_all_gates(std::span<const ReachRequest> requests,
                                            const HandshakeFactory& handshakes,
                                            const std::string& dns_servers, const Clock& clock,
                                            std::size_t at_once) {
    TRY_ASSIGN(auto reactor, Reactor::make(clock));
    TRY_ASSIGN(const auto resolver, make_resolver(reactor, dns_servers));
    std::vector<std::unique_ptr<Drive>> drives(requests.size());
    std::vector<Verdict> verdicts(requests.size());
    std::size_t next = 0;
    std::size_t under_way = 0;
    std::function<void()> start_more;
    const auto end = [&](std::size_t i) {
        verdicts[i] = drives[i]->verdict();
        --under_way;
        // Not from within: the drive that has just ended is still at work.
        reactor.after(Duration::zero(), [&, i] {
            drives[i].reset();
            start_more();
        });
    };
    start_more = [&] {
        while (next < requests.size() && under_way < at_once) {
            const std::size_t i = next++;
            ++under_way;
            drives[i] = std::make_unique<Drive>(reactor, resolver.get(), requests[i], handshakes,
                                                clock, [&end, i] { end(i); });
            drives[i]->start();
        }
        if (under_way == 0) reactor.stop();
    };
    if (requests.empty()) return verdicts;
    reactor.after(Duration::zero(), start_more);
    reactor.run();
    return verdicts;
}

Result<Passage> reach(const ReachRequest& request, const HandshakeFactory& handshakes,
                      const std::string& dns_servers, const Clock& clock, Passage* trace) {
    TRY_ASSIGN(auto verdict, pass_gates(request, handshakes, dns_servers, clock));
    if (trace != nullptr) *trace = verdict ? *verdict : verdict.error().so_far;
    if (verdict) return std::move(*verdict);
    return tl::unexpected<Error>(describe(verdict.error(), request.peer));
}

}  // namespace muster::discovery
