// SPDX-License-Identifier: Apache-2.0
#include "name_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rest.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

/// Two slots of existence, and then three: pods that have found a name dial at the same time, and
/// in thirds of a tenth of a second they are less in each other's way. After that pods of one start
/// mostly are there.
constexpr Duration hurried_interval = 66ms;
constexpr Duration hurried_for = 5500ms;
constexpr Duration settled_interval = 100ms;
constexpr Duration settled_for = 12s;
/// Of refresh(): for the other of two replies, and for the first.
constexpr Duration other_reply_wait = 20ms;
constexpr Duration first_reply_wait = 500ms;
/// Within a turn all askers of a slot get one cache's answer; another replica's may differ.
constexpr Duration slot_interval = 3s;
constexpr Duration plain_interval = 60s;
constexpr Duration ttl_resolution = 1s;
/// Within which those who ask for a slot's answer come: wide enough that few are the first.
constexpr Duration early_in_slot = 15ms;
constexpr int most_waiting = 6;

Cause cause_of(const Reply& reply) {
    switch (reply.outcome) {
        case Reply::Outcome::answered:
        case Reply::Outcome::no_data:
            return Cause::no_address;
        case Reply::Outcome::no_such_name:
            return Cause::no_such_name;
        case Reply::Outcome::server_failure:
            return Cause::server_failure;
        case Reply::Outcome::refused:
            return Cause::server_refused;
        case Reply::Outcome::silence:
            break;
    }
    return Cause::silent_servers;
}

bool is_ipv6(const std::string& address) {
    return address.find(':') != std::string::npos;
}

bool has_family(const std::string& address, Family family) {
    return family == Family::any || is_ipv6(address) == (family == Family::ipv6);
}

/// Pods that ask together are spread over this much after a slot's turn: 20,000 a second.
Duration spread(std::uint32_t size) {
    return std::max<Duration>(20ms, std::chrono::microseconds(50) * size);
}

}  // namespace

NameWatch::NameWatch(Options options, TimePoint now, WallTime wall)
    : options_(std::move(options)),
      begun_(now),
      random_(options_.seed),
      address_slots_(options_.family == Family::ipv4 ? Type::a : Type::aaaa),
      seek_at_(now),
      turn_at_(now),
      plain_at_(now + plain_interval) {
    set_turn(now, wall);
}

Duration NameWatch::random_below(Duration bound) {
    return Duration(std::uniform_int_distribution<Duration::rep>(
        0, std::max<Duration::rep>(bound.count(), 1) - 1)(random_));
}

Duration NameWatch::interval(TimePoint now) const {
    const auto waited = now - begun_;
    const auto wanted = waited < hurried_for ? hurried_interval : settled_interval;
    const auto least = std::max<Duration>(wanted, std::chrono::microseconds(500) * options_.size);
    return waited < settled_for ? least : rest_after(waited, least);
}

bool NameWatch::is_known() const {
    return std::any_of(knowledge_.begin(), knowledge_.end(),
                       [](const auto& each) { return each && !each->addresses.empty(); });
}

/// What the broker's own look-up asks, as far as the name has it.
std::vector<Question> NameWatch::plain() const {
    const auto lacks = [this](Source source) {
        const auto& known = knowledge_.at(source);
        return known && known->last.outcome == Reply::Outcome::no_data;
    };
    std::vector<Question> questions;
    if (options_.family != Family::ipv4 && (!lacks(plain_aaaa) || lacks(plain_a)))
        questions.push_back({.name = options_.name, .type = Type::aaaa});
    if (options_.family != Family::ipv6 && (!lacks(plain_a) || lacks(plain_aaaa)))
        questions.push_back({.name = options_.name, .type = Type::a});
    return questions;
}

void NameWatch::urge_plain() {
    for (const auto& question : plain()) urge(question);
}

void NameWatch::urge(const Question& question) {
    if (std::find(urgent_.begin(), urgent_.end(), question) == urgent_.end())
        urgent_.push_back(question);
}

void NameWatch::set_turn(TimePoint now, WallTime wall) {
    turn_at_ = now + address_slots_.left(wall) + random_below(spread(options_.size));
    slots_ahead_ = 0;
}

void NameWatch::ask_slot(TimePoint now, WallTime wall, Duration oldest) {
    slot_asked_at_ = now;
    auto question = address_slots_.question(options_.name, wall, slots_ahead_);
    question.in_turn = slots_asked_++ % 2 == 1;  // servers may disagree
    urge(question);
    pursued_ = {question, oldest};
}

TimePoint NameWatch::due() const {
    if (!urgent_.empty()) return TimePoint::min();
    return is_known() ? turn_at_ : std::min(turn_at_, seek_at_);
}

std::vector<Question> NameWatch::questions(TimePoint now, WallTime wall) {
    if (now >= turn_at_) {
        set_turn(now, wall);
        const auto question = address_slots_.question(options_.name, wall);
        // A cache that does not know CD would keep a denial of this one for libc.
        const bool poisons = !exists_ && question.type != Type::srv && !question.dnssec_ok;
        if (spares_turn(now))
            slots_ahead_ = -1;
        else if (!poisons)
            ask_slot(now, wall, ttl_resolution);
    }
    if (!is_known() && now >= seek_at_) {
        if (waiting_ < most_waiting) seek(now, wall);
        seek_at_ = next_seek(now, wall);
    }
    waiting_ += static_cast<int>(urgent_.size());
    return std::exchange(urgent_, {});
}

/// The first two questions are apart by chance, and the others an interval each. All come early in
/// their slot, for there an answer that another pod has fetched is youngest.
TimePoint NameWatch::next_seek(TimePoint now, WallTime wall) {
    const auto step = interval(now);
    const bool on_grid = seeks_ > 1 && now < seek_at_ + step;
    const auto wanted = on_grid ? seek_at_ + step : now + random_below(step);
    const auto width = existence_slots_.width();
    const auto nearest = wanted + width / 2;
    const auto slot = nearest - (wall + (nearest - now)).time_since_epoch() % width;
    const auto next = slot + delay_in_slot();
    return next > now ? next : next + width;
}

/// Few come at first and most behind them, who find the answer that those have fetched: of sixty
/// pods one or two ask the server behind the cache. A few pods lose no time over it.
Duration NameWatch::delay_in_slot() {
    const auto bound = std::min<Duration>(early_in_slot, options_.size * 600us);
    const double part = std::uniform_real_distribution<double>(0, 1)(random_);
    return Duration(
        static_cast<Duration::rep>(std::sqrt(part) * static_cast<double>(bound.count())));
}

/// One question of the many while there is no address.
void NameWatch::seek(TimePoint now, WallTime wall) {
    const auto turn = seeks_++;
    auto existence = existence_slots_.question(options_.name, wall);
    existence.in_turn = turn % 4 == 3;  // servers may disagree
    if (now >= plain_at_) {
        plain_at_ = now + plain_interval;
        return urge_plain();
    }
    if (turn % 2 == 0) return urge(existence);
    if (exists_) return refresh(now, wall);
    switch (existence_) {
        case Existence::believed:
            return urge(existence);
        case Existence::denied_without_soa:
            return urge_plain();
        case Existence::failing:
            // Perhaps it is the type that it does not like. A plain denial would be kept.
            if (turn % 16 == 15) return urge_plain();
            return urge({.name = options_.name, .type = address_slots_.type(), .dnssec_ok = true});
    }
}

void NameWatch::refresh(TimePoint now, WallTime wall) {
    asked_anew_ = plain();
    urge_plain();
    if (now - slot_interval >= slot_asked_at_) {
        ask_slot(now, wall, address_slots_.width() + ttl_resolution);
        asked_anew_.push_back(urgent_.back());
    }
    settles_at_ = now + first_reply_wait;
}

void NameWatch::heard(const Question& question, const Reply& reply, TimePoint now, WallTime wall) {
    --waiting_;
    last_reply_ = reply;
    if (is_private(question.type))
        heard_existence(reply, now, wall);
    else
        heard_addresses(question, reply, now, wall);
    if (std::erase(asked_anew_, question) != 0 && is_known())
        settles_at_ = std::min(settles_at_, now + other_reply_wait);
}

void NameWatch::heard_existence(const Reply& reply, TimePoint now, WallTime wall) {
    const auto before = existence_;
    if (reply.has_soa) existence_slots_.make_room_for(reply.denial_ttl);
    if (reply.exists()) {
        existence_ = Existence::believed;
        if (!std::exchange(exists_, true)) refresh(now, wall);
        return;
    }
    if (reply.outcome == Reply::Outcome::no_such_name) {
        exists_ = is_known();
        existence_ = reply.has_soa ? Existence::believed : Existence::denied_without_soa;
        if (existence_ != before && !reply.has_soa) urge_plain();
        return;
    }
    existence_ = Existence::failing;
}

void NameWatch::heard_addresses(const Question& question, const Reply& reply, TimePoint now,
                                WallTime wall) {
    const Source source = !is_plain(question)        ? fresh
                          : question.type == Type::a ? plain_a
                                                     : plain_aaaa;
    if (question.type == Type::srv && reply.exists() && reply.addresses.empty()) {
        // It knows no SRV records of pods: of no use here, but the name exists.
        if (address_slots_.has_srv()) {
            address_slots_.drop_srv();
            set_turn(now, wall);
            // Only three are left: none is spent without need.
            if (exists_ && !is_known())
                ask_slot(now, wall, address_slots_.width() + ttl_resolution);
        }
    } else {
        remember(source, reply, now);
    }
    if (reply.exists() && !std::exchange(exists_, true)) refresh(now, wall);
    if (pursued_ && pursued_->question == question) judge_slot(reply, now, wall);
    if (reply.outcome == Reply::Outcome::no_data && question.type == address_slots_.type())
        try_other_family(now, wall);
}

/// Of three slots none may be spent too soon after another.
bool NameWatch::spares_turn(TimePoint now) const {
    const auto known = candidates();
    return !address_slots_.has_srv() && !known.empty() &&
           now - known.front().read_at < address_slots_.width() / 2;
}

/// Whether the slot was read for this turn. If it was read before (before the name existed, or in
/// another rhythm), another is asked: to ask one that is old spends nothing.
void NameWatch::judge_slot(const Reply& reply, TimePoint now, WallTime wall) {
    const auto oldest = std::exchange(pursued_, std::nullopt)->oldest;
    const bool denies_what_exists = reply.outcome == Reply::Outcome::no_such_name && !is_known();
    const bool is_old = !reply.addresses.empty() &&
                        std::chrono::seconds(longest_ttl_ - reply.addresses.front().ttl) > oldest;
    if (!exists_ || (!denies_what_exists && !is_old)) return;
    if (++slots_ahead_ < address_slots_.count()) ask_slot(now, wall, oldest);
}

/// The name has no address of this family. Where either will do, the slots are asked for the other.
void NameWatch::try_other_family(TimePoint now, WallTime wall) {
    if (options_.family != Family::any || now - settled_interval < family_tried_at_) return;
    family_tried_at_ = now;
    address_slots_.set_type(address_slots_.type() == Type::a ? Type::aaaa : Type::a);
    ask_slot(now, wall, address_slots_.width() + ttl_resolution);
}

void NameWatch::remember(Source source, const Reply& reply, TimePoint now) {
    auto& known = knowledge_.at(source);
    if (!known) known.emplace();
    known->last = reply;
    if (!reply.exists() && !reply.is_denial()) return;
    Knowledge heard{.at = now,
                    .ttl = reply.addresses.empty() ? reply.denial_ttl : UINT32_MAX,
                    .is_denial = reply.addresses.empty(),
                    .last = reply};
    for (const auto& address : reply.addresses) {
        heard.ttl = std::min(heard.ttl, address.ttl);
        longest_ttl_ = std::max(longest_ttl_, address.ttl);
        address_slots_.make_room_for(address.ttl);
        if (has_family(address.text, options_.family)) heard.addresses.push_back(address.text);
    }
    if (reply.addresses.empty()) longest_denial_ = std::max(longest_denial_, reply.denial_ttl);
    // The slots are many, and each was read at another time.
    const bool is_older = source == fresh && read_at(heard) + ttl_resolution < read_at(*known);
    if (!is_older) known = std::move(heard);
}

/// When a server or cache read it: the TTL runs down from then on.
TimePoint NameWatch::read_at(const Knowledge& knowledge) const {
    const auto longest = knowledge.is_denial ? longest_denial_ : longest_ttl_;
    return knowledge.at - std::chrono::seconds(longest - std::min(longest, knowledge.ttl));
}

std::vector<Candidate> NameWatch::candidates() const {
    std::vector<Candidate> list;
    for (const auto& each : knowledge_) {
        if (!each) continue;
        for (const auto& address : each->addresses) list.push_back({address, read_at(*each)});
    }
    // With both families the broker's look-up prefers IPv6, whatever its age.
    std::stable_sort(list.begin(), list.end(), [](const auto& left, const auto& right) {
        return std::pair(is_ipv6(left.address), left.read_at) >
               std::pair(is_ipv6(right.address), right.read_at);
    });
    std::vector<Candidate> unique;
    for (auto& candidate : list) {
        const bool is_there = std::any_of(unique.begin(), unique.end(), [&](const auto& each) {
            return each.address == candidate.address;
        });
        if (!is_there) unique.push_back(std::move(candidate));
    }
    return unique;
}

GateFailure NameWatch::failure() const {
    GateFailure failure{.gate = Gate::name, .asked = options_.name, .answered = "no answer yet"};
    // That a name has nothing of a private type says no more than that it exists.
    const auto& plainly = knowledge_.at(options_.family == Family::ipv6 ? plain_aaaa : plain_a);
    const Reply* reply =
        exists_ ? (plainly ? &plainly->last : nullptr) : (last_reply_ ? &*last_reply_ : nullptr);
    if (reply == nullptr) return failure;
    failure.cause = cause_of(*reply);
    failure.answered = reply->text;
    if (!reply->server.empty()) failure.answered += fmt::format(", says {}", reply->server);
    return failure;
}

bool NameWatch::may_doubt_less() const {
    return std::any_of(asked_anew_.begin(), asked_anew_.end(), is_plain);
}

std::string NameWatch::doubt_plain(const std::string& address) const {
    const auto& known = knowledge_.at(is_ipv6(address) ? plain_aaaa : plain_a);
    if (!known) return "it has not been looked up plainly";
    const auto& preferred = knowledge_.at(plain_aaaa);
    if (!is_ipv6(address) && preferred && !preferred->addresses.empty())
        return fmt::format("a look-up prefers {}", preferred->addresses.front());
    const Reply& last = known->last;
    if (last.first_server_silent) return "the first name server does not answer";
    if (last.outcome != Reply::Outcome::answered)
        return fmt::format("a plain look-up still says: {}", last.text);
    const bool is_only = last.addresses.size() == 1 && last.addresses.front().text == address;
    if (is_only) return {};
    std::string list;
    for (const auto& each : last.addresses) list += (list.empty() ? "" : ", ") + each.text;
    return fmt::format("a plain look-up still says {}", list);
}

}  // namespace muster::discovery
