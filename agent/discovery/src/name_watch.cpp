// SPDX-License-Identifier: Apache-2.0
#include "name_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

constexpr Duration shortest_interval = 100ms;
constexpr Duration longest_interval = 1s;
constexpr Duration hurry = 60s;  // after so long, the interval grows
/// Of refresh(): for the other of two replies, and for the first.
constexpr Duration other_reply_wait = 20ms;
constexpr Duration first_reply_wait = 500ms;
/// Within a turn all askers of a slot get one cache's answer; another replica's may differ.
constexpr Duration slot_interval = 1s;
constexpr Duration plain_interval = 60s;
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

bool has_family(const std::string& address, Family family) {
    const bool is_ipv6 = address.find(':') != std::string::npos;
    return family == Family::any || is_ipv6 == (family == Family::ipv6);
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
      type_(options_.family == Family::ipv6 ? Type::aaaa : Type::a),
      address_slots_(type_),
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
    const Duration paced =
        std::max<Duration>(shortest_interval, std::chrono::microseconds(500) * options_.size);
    const auto grown = paced * ((now - begun_) / hurry);
    return std::clamp<Duration>(grown, paced, std::max(paced, longest_interval));
}

bool NameWatch::is_wanted(const Reply::Address& address) const {
    return has_family(address.text, options_.family);
}

bool NameWatch::is_known() const {
    return std::any_of(knowledge_.begin(), knowledge_.end(),
                       [](const auto& each) { return each && !each->addresses.empty(); });
}

Question NameWatch::plain() const {
    return {.name = options_.name, .type = type_};
}

void NameWatch::urge(const Question& question) {
    if (std::find(urgent_.begin(), urgent_.end(), question) == urgent_.end())
        urgent_.push_back(question);
}

void NameWatch::set_turn(TimePoint now, WallTime wall) {
    turn_at_ = now + address_slots_.left(wall) + random_below(spread(options_.size));
}

void NameWatch::ask_slot(TimePoint now, WallTime wall) {
    slot_asked_at_ = now;
    auto question = address_slots_.question(options_.name, wall);
    question.in_turn = slots_asked_++ % 2 == 1;
    urge(question);
}

TimePoint NameWatch::due() const {
    if (!urgent_.empty()) return TimePoint::min();
    return is_known() ? turn_at_ : std::min(turn_at_, seek_at_);
}

std::vector<Question> NameWatch::questions(TimePoint now, WallTime wall) {
    if (now >= turn_at_) {
        const auto question = address_slots_.question(options_.name, wall);
        // A cache that does not know CD would keep a denial of this one for libc.
        const bool poisons = question.type != Type::srv && !question.dnssec_ok;
        if (exists_ || !poisons) ask_slot(now, wall);
        set_turn(now, wall);
    }
    if (!is_known() && now >= seek_at_) {
        if (waiting_ < most_waiting) seek(now, wall);
        // The first two questions are apart by chance, which gives each pod its phase.
        const auto step = interval(now);
        const bool on_grid = seeks_ > 1 && now < seek_at_ + step;
        seek_at_ = on_grid ? seek_at_ + step : now + 1ms + random_below(step);
    }
    waiting_ += static_cast<int>(urgent_.size());
    return std::exchange(urgent_, {});
}

/// One question of the many while there is no address.
void NameWatch::seek(TimePoint now, WallTime wall) {
    const auto turn = seeks_++;
    auto existence = existence_slots_.question(options_.name, wall);
    existence.in_turn = turn % 4 == 3;  // servers may disagree
    if (now >= plain_at_) {
        plain_at_ = now + plain_interval;
        return urge(plain());
    }
    if (turn % 2 == 0) return urge(existence);
    if (exists_) return refresh(now, wall);
    switch (existence_) {
        case Existence::believed:
            return urge(existence);
        case Existence::denied_without_soa:
            return urge(plain());
        case Existence::failing:
            // Perhaps it is the type that it does not like. A plain denial would be kept.
            if (turn % 16 == 15) return urge(plain());
            return urge({.name = options_.name, .type = type_, .dnssec_ok = true});
    }
}

void NameWatch::refresh(TimePoint now, WallTime wall) {
    asked_anew_ = {plain()};
    urge(plain());
    if (now - slot_interval >= slot_asked_at_) {
        ask_slot(now, wall);
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
        if (existence_ != before && !reply.has_soa) urge(plain());
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
            if (exists_) ask_slot(now, wall);
        }
    } else {
        auto& known = knowledge_.at(source);
        if (!known) known.emplace();
        known->last = reply;
        if (reply.exists() || reply.is_denial()) {
            known->at = now;
            known->addresses.clear();
            for (const auto& address : reply.addresses)
                if (is_wanted(address)) known->addresses.push_back(address);
        }
        for (const auto& address : reply.addresses) {
            longest_ttl_ = std::max(longest_ttl_, address.ttl);
            address_slots_.make_room_for(address.ttl);
        }
    }
    if (reply.exists() && !std::exchange(exists_, true)) refresh(now, wall);
    if (source == fresh && reply.outcome == Reply::Outcome::no_such_name)
        heard_slot_denial(now, wall);
    if (reply.outcome == Reply::Outcome::no_data && question.type == type_)
        try_other_family(now, wall);
}

/// The name exists, but this slot was asked before it did. The next turn's is clean, unless
/// somebody was here before: try that one, once a turn.
void NameWatch::heard_slot_denial(TimePoint now, WallTime wall) {
    if (!exists_ || is_known() || now - address_slots_.width() < slot_burnt_at_) return;
    slot_burnt_at_ = now;
    auto question = address_slots_.question(options_.name, wall, 1);
    question.in_turn = true;
    urge(question);
}

/// The name has no address of this family. Where either will do, the other is asked.
void NameWatch::try_other_family(TimePoint now, WallTime wall) {
    if (options_.family != Family::any || is_known() || now - shortest_interval < family_tried_at_)
        return;
    family_tried_at_ = now;
    type_ = type_ == Type::a ? Type::aaaa : Type::a;
    address_slots_.set_type(type_);
    slot_asked_at_ = TimePoint::min();
    refresh(now, wall);
}

TimePoint NameWatch::read_at(const Knowledge& knowledge) const {
    std::uint32_t ttl = longest_ttl_;
    for (const auto& address : knowledge.addresses) ttl = std::min(ttl, address.ttl);
    return knowledge.at - std::chrono::seconds(longest_ttl_ - ttl);
}

std::vector<Candidate> NameWatch::candidates() const {
    std::vector<const Knowledge*> sources;
    for (const auto& each : knowledge_)
        if (each && !each->addresses.empty()) sources.push_back(&*each);
    std::stable_sort(sources.begin(), sources.end(), [this](const auto* left, const auto* right) {
        return read_at(*left) > read_at(*right);
    });
    std::vector<Candidate> list;
    for (const auto* source : sources) {
        for (const auto& address : source->addresses) {
            const bool is_there = std::any_of(list.begin(), list.end(), [&](const auto& each) {
                return each.address == address.text;
            });
            if (!is_there) list.push_back({address.text, read_at(*source)});
        }
    }
    return list;
}

GateFailure NameWatch::failure() const {
    GateFailure failure{.gate = Gate::name, .asked = options_.name, .answered = "no answer yet"};
    const auto& plainly = knowledge_.at(type_ == Type::a ? plain_a : plain_aaaa);
    const Reply* reply = exists_ && plainly ? &plainly->last
                         : last_reply_      ? &*last_reply_
                                            : nullptr;
    if (reply == nullptr) return failure;
    failure.cause = cause_of(*reply);
    failure.answered = reply->text;
    if (!reply->server.empty()) failure.answered += fmt::format(", says {}", reply->server);
    return failure;
}

std::string NameWatch::doubt_plain(const std::string& address) const {
    const bool is_ipv6 = address.find(':') != std::string::npos;
    const auto& known = knowledge_.at(is_ipv6 ? plain_aaaa : plain_a);
    if (!known) return "it has not been looked up plainly";
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
