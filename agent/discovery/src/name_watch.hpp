// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cache_slots.hpp"
#include "muster/base/clock.hpp"
#include "muster/discovery/gates.hpp"
#include "muster/discovery/resolver.hpp"

namespace muster::discovery {

/// An address that a name server gave, and when that server (or the cache before it) read it.
struct Candidate {
    std::string address;
    TimePoint read_at;
};

/// Decides what to ask about one name, and what to believe: passive, it is told the time and the
/// replies. While the name has no address it asks whether it exists, in slots that poison nobody's
/// look-up, and only then for its addresses, plainly (as the broker will) and in a slot that libc
/// does not use; of two answers the younger is believed. From then on it asks when it is told to
/// (refresh(), before a dial) and whenever a slot's turn comes, by which an old address is found
/// out.
class NameWatch {
  public:
    struct Options {
        std::string name;
        Family family = Family::any;
        std::uint32_t size = 1;  ///< pods that may ask for the same name at the same time
        std::uint64_t seed = 0;
    };
    NameWatch(Options options, TimePoint now, WallTime wall);

    /// When questions() has some, if nothing is heard before.
    TimePoint due() const;
    /// Those to ask now; each is answered by one heard().
    std::vector<Question> questions(TimePoint now, WallTime wall);
    void heard(const Question& question, const Reply& reply, TimePoint now, WallTime wall);

    /// A dial is about to begin: ask anew.
    void refresh(TimePoint now, WallTime wall);
    /// What refresh() asks has been answered, or is not worth waiting for any longer.
    bool is_settled(TimePoint now) const { return asked_anew_.empty() || now >= settles_at_; }
    /// When is_settled() becomes true without a reply.
    TimePoint settles_at() const { return asked_anew_.empty() ? TimePoint::max() : settles_at_; }

    /// The youngest first; none twice.
    std::vector<Candidate> candidates() const;

    /// Why the name has no address, by the last replies: cause, asked and answered.
    GateFailure failure() const;

    /// What the broker's own look-up would come to instead of just `address`; empty when it finds
    /// that.
    std::string doubt_plain(const std::string& address) const;
    /// A plain answer is on its way that may end that doubt.
    bool may_doubt_less() const;

  private:
    /// What the last reply from one place said.
    struct Knowledge {
        std::vector<std::string> addresses = {};
        TimePoint at{};
        std::uint32_t ttl = 0;  ///< what was left of it then
        bool is_denial = true;
        Reply last = {};  ///< a failure or silence leaves the rest as it was
    };
    /// The slot that was asked last, and how old its answer may be.
    struct Pursued {
        Question question;
        Duration oldest;
    };
    enum Source : std::size_t { plain_a, plain_aaaa, fresh, source_count };
    /// What existence questions are good for, by the last reply to one.
    enum class Existence { believed, denied_without_soa, failing };

    bool is_known() const;  ///< an address is
    void remember(Source source, const Reply& reply, TimePoint now);
    TimePoint read_at(const Knowledge& knowledge) const;
    Duration interval(TimePoint now) const;
    Duration random_below(Duration bound);
    Duration delay_in_slot();
    std::vector<Question> plain() const;
    void urge_plain();
    void urge(const Question& question);
    TimePoint next_seek(TimePoint now, WallTime wall);
    void seek(TimePoint now, WallTime wall);
    void ask_slot(TimePoint now, WallTime wall, Duration oldest);
    bool spares_turn(TimePoint now) const;
    void set_turn(TimePoint now, WallTime wall);
    void heard_existence(const Reply& reply, TimePoint now, WallTime wall);
    void heard_addresses(const Question& question, const Reply& reply, TimePoint now,
                         WallTime wall);
    void judge_slot(const Reply& reply, TimePoint now, WallTime wall);
    void try_other_family(TimePoint now, WallTime wall);

    Options options_;
    TimePoint begun_;
    std::mt19937_64 random_;
    ExistenceSlots existence_slots_;
    AddressSlots address_slots_;
    std::vector<Question> urgent_;
    std::vector<Question> asked_anew_;  ///< by refresh(), and not answered yet
    TimePoint settles_at_{};
    TimePoint seek_at_;
    TimePoint turn_at_;                           ///< of the next address slot
    TimePoint plain_at_;                          ///< the next plain question in any case
    TimePoint slot_asked_at_ = TimePoint::min();  ///< an address slot
    std::optional<Pursued> pursued_;
    int slots_ahead_ = 0;  ///< of the turn's own: those before were read already
    TimePoint family_tried_at_ = TimePoint::min();
    std::uint64_t seeks_ = 0;
    std::uint64_t slots_asked_ = 0;
    int waiting_ = 0;  ///< for replies
    Existence existence_ = Existence::believed;
    bool exists_ = false;
    std::array<std::optional<Knowledge>, source_count> knowledge_;
    std::uint32_t longest_ttl_ = 0;     ///< of addresses
    std::uint32_t longest_denial_ = 0;  ///< of denials
    std::optional<Reply> last_reply_;
};

}  // namespace muster::discovery
