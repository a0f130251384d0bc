// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "cache_slots.hpp"
#include "muster/base/clock.hpp"
#include "walk.hpp"

/// A cluster in which time is moved by hand: an authority whose names change, caches before it,
/// hosts that listen or do not, and pods that walk their gates in it.
namespace muster::discovery::world {

using namespace std::chrono_literals;

class HandClock final : public Clock {
  public:
    TimePoint now() const override { return TimePoint(time_); }
    WallTime wall() const override { return WallTime(1'700'000'000s + wall_offset + time_); }
    void set(TimePoint when) { time_ = std::max(time_, when.time_since_epoch()); }
    Duration wall_offset{};

  private:
    Duration time_ = 1h;
};

/// What happens later, in order.
class Events {
  public:
    explicit Events(HandClock& clock) : clock_(&clock) {}
    void after(Duration delay, std::function<void()> action) {
        events_.emplace(clock_->now() + delay, std::move(action));
    }
    TimePoint next() const { return events_.empty() ? TimePoint::max() : events_.begin()->first; }
    void run_next() {
        auto node = events_.extract(events_.begin());
        clock_->set(node.key());
        node.mapped()();
    }

  private:
    HandClock* clock_;
    std::multimap<TimePoint, std::function<void()>> events_;
};

/// What an authority says, and what is wrong with it.
struct Authority {
    std::map<std::string, std::vector<std::string>> names;  ///< and their addresses
    std::uint32_t ttl = 30;
    bool soa = true;  ///< in denials
    bool knows_srv = true;
    bool denies_unknown_types = false;  ///< NXDOMAIN although the name exists
    bool silent = false;
    std::optional<Reply::Outcome> failure;  ///< in place of all answers
    std::function<bool(const Question&)> fails = [](const auto&) { return true; };  ///< which
    int asked = 0;

    Reply answer(const Question& question) {
        ++asked;
        if (failure && fails(question))
            return {.outcome = *failure, .server = "auth", .text = "it failed"};
        const auto found = names.find(question.name);
        const bool known_type = !is_private(question.type);
        if (found == names.end() || (denies_unknown_types && !known_type))
            return deny(Reply::Outcome::no_such_name, "no such name");
        Reply reply{.outcome = Reply::Outcome::answered, .server = "auth", .text = "answered"};
        for (const auto& address : found->second) {
            const bool is_ipv6 = address.find(':') != std::string::npos;
            if (question.type == (is_ipv6 ? Type::aaaa : Type::a) ||
                (question.type == Type::srv && knows_srv))
                reply.addresses.push_back({address, ttl});
        }
        if (question.type == Type::srv && knows_srv) reply.names.push_back(question.name);
        if (reply.addresses.empty()) return deny(Reply::Outcome::no_data, "no record");
        return reply;
    }

  private:
    Reply deny(Reply::Outcome outcome, std::string text) const {
        return {.outcome = outcome,
                .has_soa = soa,
                .denial_ttl = soa ? ttl : 0,
                .server = "auth",
                .text = std::move(text)};
    }
};

/// A cache that keeps answers, and denials with an SOA, for their TTL.
class Cache {
  public:
    Cache(HandClock& clock, Authority& authority) : clock_(&clock), authority_(&authority) {}
    bool is_on = true;
    bool tells_cd_apart = true;  ///< CoreDNS 1.11.2 and later

    Reply ask(Question question) {
        if (!is_on) return authority_->answer(question);
        const auto key = std::tuple(question.type, question.dnssec_ok,
                                    question.checking_disabled && tells_cd_apart, question.name);
        const auto kept = kept_.find(key);
        if (kept != kept_.end()) {
            const auto age = static_cast<std::uint32_t>((clock_->now() - kept->second.at) / 1s);
            if (clock_->now() - kept->second.at < std::chrono::seconds(kept->second.ttl)) {
                Reply reply = kept->second.reply;
                for (auto& address : reply.addresses) address.ttl -= age;
                if (reply.has_soa) reply.denial_ttl -= age;
                return reply;
            }
        }
        Reply reply = authority_->answer(question);
        const auto ttl = reply.outcome == Reply::Outcome::answered ? authority_->ttl
                         : reply.has_soa                           ? reply.denial_ttl
                                                                   : 0;
        kept_[key] = {reply, clock_->now(), ttl};
        return reply;
    }

    /// What getaddrinfo would be told.
    Reply plain(const std::string& name) { return ask({.name = name}); }

  private:
    struct Kept {
        Reply reply;
        TimePoint at;
        std::uint32_t ttl;
    };
    HandClock* clock_;
    Authority* authority_;
    std::map<std::tuple<Type, bool, bool, std::string>, Kept> kept_;
};

/// How a host's port is met.
struct Host {
    enum class Port { silent, refusing, listening } port = Port::refusing;
    CurveOutcome::What curve = CurveOutcome::What::accepted;
    Duration held{};  ///< for how long a doorstep (curve: waiting) holds its guests
};

/// All of it, with what is slow about it.
struct World {
    HandClock clock;
    Events events{clock};
    Authority authority;
    std::vector<Cache> caches{Cache(clock, authority)};  ///< replicas, asked in turn
    std::map<std::string, Host> hosts;                   ///< any other address is silent
    Duration dns_delay = 1ms;
    Duration plain_delay{};    ///< of libc's question, beyond that
    Duration silence = 500ms;  ///< how long a resolver waits for a silent server
    bool first_server_silent = false;
    std::vector<std::string> said;
    std::vector<Question> asked;
    std::vector<TimePoint> plainly_asked_at;
    std::size_t turn = 0;

    Reply resolve(const Question& question) {
        asked.push_back(question);
        if (is_plain(question)) plainly_asked_at.push_back(clock.now());
        Reply reply = authority.silent ? Reply{.text = "the name server does not answer"}
                                       : caches.at(turn++ % caches.size()).ask(question);
        reply.first_server_silent = first_server_silent;
        return reply;
    }
    /// Runs what happens until `when`, the gates excepted.
    void let(Duration delay, std::function<void()> action) {
        events.after(delay, std::move(action));
    }
};

class WorldResolver final : public Resolver {
  public:
    explicit WorldResolver(World& world) : world_(&world) {}
    void ask(const Question& question, Callback callback) override {
        const auto spared = is_plain(question) ? world_->plain_delay : Duration::zero();
        const auto delay = world_->authority.silent ? world_->silence : world_->dns_delay + spared;
        // The server reads the question halfway.
        world_->events.after(delay / 2, [this, question, delay, callback = std::move(callback)] {
            world_->events.after(
                delay / 2, [reply = world_->resolve(question), callback] { callback(reply); });
        });
    }

  private:
    World* world_;
};

class WorldDialler final : public Dialler {
  public:
    explicit WorldDialler(World& world) : world_(&world) {}
    std::unique_ptr<Dialling> dial(const std::string& address, std::uint16_t, Duration limit,
                                   Callback callback) override {
        struct Handle final : Dialling {
            std::shared_ptr<bool> is_wanted = std::make_shared<bool>(true);
            ~Handle() override { *is_wanted = false; }
        };
        auto handle = std::make_unique<Handle>();
        const auto host = world_->hosts.find(address);
        const auto port = host == world_->hosts.end() ? Host::Port::silent : host->second.port;
        const auto delay = port == Host::Port::silent ? limit : 1ms;
        dials.push_back({address, world_->clock.now(), limit});
        world_->events.after(delay,
                             [wanted = handle->is_wanted, port, callback = std::move(callback)] {
                                 if (*wanted) callback(outcome(port));
                             });
        return handle;
    }

    struct Dialled {
        std::string address;
        TimePoint at;
        Duration limit;
    };
    std::vector<Dialled> dials;

  private:
    static DialOutcome outcome(Host::Port port) {
        using What = DialOutcome::What;
        DialOutcome outcome;
        outcome.what = port == Host::Port::silent     ? What::silent
                       : port == Host::Port::refusing ? What::refused
                                                      : What::listening;
        outcome.text = port == Host::Port::silent ? "no answer to the connection attempt"
                                                  : "connection refused: nothing listens";
        return outcome;
    }
    World* world_;
};

class WorldShaker final : public Shaker {
  public:
    explicit WorldShaker(World& world) : world_(&world) {}
    void shake_hands(const std::string& address, std::uint16_t, DialOutcome, Duration limit,
                     Callback callback) override {
        const auto what = world_->hosts.at(address).curve;
        const auto held = world_->hosts.at(address).held;
        const auto mine = ++last_;
        ++count;
        world_->events.after(what == CurveOutcome::What::silent ? limit / 8 * 7 : 3ms,
                             [this, mine, what, callback] {
                                 if (mine == last_) callback({what, "as told"});
                             });
        if (what == CurveOutcome::What::waiting)
            world_->events.after(3ms + held, [this, mine, callback] {
                if (mine == last_) callback({CurveOutcome::What::closed, "let go"});
            });
    }
    void let_go() override { ++last_; }
    int count = 0;

  private:
    World* world_;
    int last_ = 0;
};

/// A pod that walks its gates.
struct Pod {
    Pod(World& world, const ReachRequest& request, std::uint64_t seed = 1)
        : resolver(world), dialler(world), shaker(world), walk(request, seams(world, seed)) {}
    /// When it passed, since the pod began; nothing when it did not.
    std::optional<Duration> passed() const {
        if (!walk.has_ended() || !walk.verdict()) return std::nullopt;
        return walk.verdict()->took;
    }
    const Passage& passage() const { return walk.verdict().value(); }
    const GateFailure& failure() const { return walk.verdict().error(); }

    void tick() {
        walk.tick();
        due_.reset();
    }
    /// The walk's, and never once it has ended.
    TimePoint due() {
        if (!due_) due_ = walk.has_ended() ? TimePoint::max() : walk.due();
        return *due_;
    }

    WorldResolver resolver;
    WorldDialler dialler;
    WorldShaker shaker;
    Walk walk;

  private:
    std::optional<TimePoint> due_;

    Walk::Seams seams(World& world, std::uint64_t seed) {
        return {
            .clock = world.clock,
            .resolver = &resolver,
            .dialler = dialler,
            .shaker = shaker,
            .voice = {
                .inform = [&said = world.said](const std::string& text) { said.push_back(text); },
                .warn = [&said = world.said](
                            const std::string& text) { said.push_back("warning: " + text); }},
            .changed = [this] { due_.reset(); },
            .seed = seed};
    }
};

/// Lets the world go on until `limit` from now, or until all pods have ended. A walk that asks to
/// be called again and again at one instant would be a busy loop.
inline void run(World& world, const std::vector<Pod*>& pods, Duration limit = 15min) {
    const auto end = world.clock.now() + limit;
    std::pair<TimePoint, int> idle{};
    for (;;) {
        Pod* first = nullptr;
        for (auto* pod : pods)
            if (first == nullptr || pod->due() < first->due()) first = pod;
        if (first == nullptr || first->due() == TimePoint::max()) return;
        const auto due = std::max(first->due(), world.clock.now());
        if (std::min(due, world.events.next()) > end) return world.clock.set(end);
        if (world.events.next() <= due) {
            world.events.run_next();
            continue;
        }
        idle = idle.first == due ? std::pair(due, idle.second + 1) : std::pair(due, 0);
        ASSERT_LT(idle.second, 50 + static_cast<int>(pods.size())) << "a busy loop";
        world.clock.set(due);
        first->tick();
    }
}

inline const std::string name = "m-0.flux.ns.svc.d.";

inline ReachRequest request(Duration wait = 10min) {
    return {.peer = "rank 0 (m-0)",
            .name = name,
            .port = 8050,
            .family = Family::ipv4,
            .wait = wait,
            .say_waiting = false};
}

}  // namespace muster::discovery::world
