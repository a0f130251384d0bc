// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/own_name.hpp"

#include <algorithm>

#include "words.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

constexpr Duration pause = 100ms;

/// Rounds of questions, one for each address.
class Rounds : public std::enable_shared_from_this<Rounds> {
  public:
    Rounds(Reactor& reactor, Resolver& resolver, std::span<const OwnAddress> own)
        : reactor_(&reactor), resolver_(&resolver), own_(own.begin(), own.end()) {}

    void ask() {
        ++count_;
        open_ = own_.size();
        for (const auto& one : own_) {
            const Question question{.name = reverse_name(one.address), .type = Type::ptr};
            resolver_->ask(question,
                           [self = weak_from_this(), address = one.address](const Reply& reply) {
                               if (const auto rounds = self.lock()) rounds->take(address, reply);
                           });
        }
    }

    OwnName end(Duration wait) {
        reactor_->cancel(timer_);
        if (found_.names.empty())
            found_.trouble = fmt::format(
                "{}, asked {} in {}", found_.trouble.empty() ? "no answer" : found_.trouble,
                count_ == 1 ? "once" : fmt::format("{} times", count_), format_seconds(wait));
        else
            found_.trouble.clear();
        return std::move(found_);
    }

  private:
    void take(const std::string& address, const Reply& reply) {
        found_.denied = reply.is_denial();
        found_.trouble = fmt::format("{}: {}", address, reply.text);
        for (std::string name : reply.names) {
            if (name.ends_with('.')) name.pop_back();
            found_.names.push_back(std::move(name));
        }
        if (--open_ > 0) return;
        if (!found_.names.empty()) return reactor_->stop();
        timer_ = reactor_->after(pause, [this] { ask(); });
    }

    Reactor* reactor_;
    Resolver* resolver_;
    std::vector<OwnAddress> own_;
    OwnName found_;
    std::size_t open_ = 0;
    int count_ = 0;
    Reactor::TimerId timer_ = 0;
};

}  // namespace

bool is_dockers(const ResolvConf& conf) {
    return std::find(conf.nameservers.begin(), conf.nameservers.end(), "127.0.0.11") !=
           conf.nameservers.end();
}

OwnName ask_own_name(Reactor& reactor, Resolver& resolver, std::span<const OwnAddress> own,
                     Duration wait) {
    if (own.empty())
        return {.names = {}, .trouble = "it has no address but loopback", .denied = true};
    const auto rounds = std::make_shared<Rounds>(reactor, resolver, own);
    rounds->ask();
    reactor.run(Deadline::at(reactor.now() + wait));
    return rounds->end(wait);
}

Result<OwnName> find_own_name(std::span<const OwnAddress> own, const std::string& servers,
                              Duration wait, const Clock& clock) {
    TRY_ASSIGN(auto reactor, Reactor::make(clock));
    TRY_ASSIGN(const auto resolver, make_resolver(reactor, servers));
    return ask_own_name(reactor, *resolver, own, wait);
}

}  // namespace muster::discovery
