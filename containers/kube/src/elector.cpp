// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/elector.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "backoff.hpp"
#include "muster/base/assert.hpp"

namespace muster::kube {

std::string make_identity() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    std::array<unsigned char, 16> bytes{};
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    MUSTER_ASSERT(got == static_cast<ssize_t>(bytes.size()));
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // RFC 9562, version 4
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string identity = fmt::format("{}_", host.data());
    for (std::size_t i = 0; i < bytes.size(); ++i)
        identity +=
            fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes.at(i));
    return identity;
}

class Elector::State : public std::enable_shared_from_this<State> {
  public:
    State(ApiServer& server, Reactor& reactor, const Clock& clock, std::string name_space,
          std::string name, const Election::Options& options, Handlers handlers)
        : server_(&server),
          reactor_(&reactor),
          target_{leases, std::move(name_space), std::move(name)},
          options_(options),
          handlers_(std::move(handlers)),
          election_(target_.name_space, target_.name, options, clock) {}

    void attempt();
    void stop();
    void release(std::function<void()> done);
    bool is_leader() const { return election_.is_leader(); }

  private:
    void take(const Election::Step& step);
    void write_release();
    Request urgent(Request request) const;
    void answered(const Answer& answer);
    void rest();
    void lose();
    Reactor::TimerId after(Duration delay, void (State::*step)());

    ApiServer* server_;
    Reactor* reactor_;
    Target target_;
    Election::Options options_;
    Handlers handlers_;
    Election election_;
    Jitter jitter_{0};
    std::function<void()> released_;  ///< to call when the lease is given back
    std::string told_;                ///< whom on_other was told of
    ApiServer::CallId call_ = 0;
    Reactor::TimerId next_ = 0, deadline_ = 0;
    bool leads_ = false;  ///< on_lead was called
};

Reactor::TimerId Elector::State::after(Duration delay, void (State::*step)()) {
    return reactor_->after(delay, [self = weak_from_this(), step] {
        if (const auto state = self.lock()) ((*state).*step)();
    });
}

void Elector::State::attempt() {
    next_ = 0;
    take(election_.begin());
}

Request Elector::State::urgent(Request request) const {
    request.timeout = options_.renew_deadline / 2;  // one that hangs does not lose the lease
    request.attempts = 1;
    request.is_urgent = true;
    return request;
}

void Elector::State::take(const Election::Step& step) {
    auto request = step.what == Election::Step::What::get ? get(target_)
                   : step.what == Election::Step::What::create
                       ? create(leases, target_.name_space, step.lease)
                       : replace(target_, step.lease);
    call_ =
        server_->send(urgent(std::move(request)), [self = weak_from_this()](const Answer& answer) {
            if (const auto state = self.lock()) state->answered(answer);
        });
}

void Elector::State::answered(const Answer& answer) {
    call_ = 0;
    const auto step = election_.answered(answer);
    if (released_) return write_release();
    if (step) return take(*step);
    if (!answer && handlers_.on_trouble) handlers_.on_trouble(answer.error());
    rest();
}

/// A try is over: what it has come to, and when the next one is.
void Elector::State::rest() {
    const bool is_leader = election_.is_leader();
    if (leads_ && !is_leader) return lose();
    // A follower looks at odd times, so that not all of them take a free lease at once.
    const Duration pause =
        is_leader ? options_.retry_period
                  : jitter_.between(options_.retry_period, options_.retry_period * 11 / 5);
    next_ = after(pause, &State::attempt);
    if (is_leader) {
        reactor_->cancel(deadline_);
        deadline_ = after(election_.leads_until() - reactor_->now(), &State::lose);
    }
    if (is_leader && !std::exchange(leads_, true) && handlers_.on_lead) return handlers_.on_lead();
    if (!is_leader && !election_.holder().empty() && election_.holder() != told_) {
        told_ = election_.holder();
        if (handlers_.on_other) handlers_.on_other(told_);
    }
}

void Elector::State::lose() {
    stop();
    leads_ = false;
    if (handlers_.on_lost) handlers_.on_lost();
}

void Elector::State::stop() {
    server_->cancel(std::exchange(call_, 0));
    reactor_->cancel(next_);
    reactor_->cancel(deadline_);
}

void Elector::State::release(std::function<void()> done) {
    reactor_->cancel(next_);
    reactor_->cancel(deadline_);
    leads_ = false;
    released_ = std::move(done);
    if (call_ == 0) write_release();  // else when we know what our last write has come to
}

void Elector::State::write_release() {
    const auto step = election_.release();
    if (!step) {
        reactor_->after(Duration::zero(), released_);
        return;
    }
    call_ = server_->send(urgent(replace(target_, step->lease)),
                          [done = released_](const Answer&) { done(); });
}

Elector::Elector(ApiServer& server, Reactor& reactor, const Clock& clock, std::string name_space,
                 std::string name, Election::Options options, Handlers handlers)
    : state_(std::make_shared<State>(server, reactor, clock, std::move(name_space), std::move(name),
                                     options, std::move(handlers))) {
    state_->attempt();
}

Elector::~Elector() {
    state_->stop();
}

bool Elector::is_leader() const {
    return state_->is_leader();
}

void Elector::release(std::function<void()> done) {
    state_->release(std::move(done));
}

}  // namespace muster::kube
