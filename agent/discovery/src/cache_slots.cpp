// SPDX-License-Identifier: Apache-2.0
#include "cache_slots.hpp"

#include <algorithm>
#include <array>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

constexpr unsigned first_private = 65280;
constexpr unsigned last_private = 65534;
constexpr Duration address_width = 5s;
constexpr Duration margin = 2s;  // TTLs are whole seconds, and clocks differ

std::int64_t slot_number(WallTime wall, Duration width) {
    return wall.time_since_epoch() / width;
}

struct Slot {
    bool srv;
    bool dnssec_ok;
    bool checking_disabled;
};

// A cache that does not know CD takes the third for libc's own and others in pairs for one: those
// of a pair stand three or four apart.
constexpr std::array<Slot, 7> slots{{
    {false, true, false},
    {true, false, false},
    {false, false, true},
    {true, true, false},
    {false, true, true},
    {true, false, true},
    {true, true, true},
}};
constexpr std::array<Slot, 3> slots_without_srv{{
    {false, true, false},
    {false, false, true},
    {false, true, true},
}};

}  // namespace

void ExistenceSlots::make_room_for(std::uint32_t ttl) {
    // Doubling keeps the pods' slots the same as soon as they have seen the same TTL.
    while (width_ * count < std::chrono::seconds(ttl) + margin && width_ < 1h) width_ *= 2;
}

Question ExistenceSlots::question(const std::string& name, WallTime wall) const {
    static_assert(count == (last_private - first_private + 1) * 4);
    const auto index = static_cast<unsigned>(slot_number(wall, width_) % count);
    // Where CD is not part of the key, neighbours share an entry: it is then 67 ms old at most.
    return {.name = name,
            .type = static_cast<Type>(first_private + index / 4),
            .dnssec_ok = (index & 2) != 0,
            .checking_disabled = (index & 1) != 0};
}

void AddressSlots::make_room_for(std::uint32_t ttl) {
    ttl_ = std::max<Duration>(ttl_, std::min<Duration>(std::chrono::seconds(ttl), 1h));
}

Duration AddressSlots::width() const {
    return std::max<Duration>(address_width,
                              std::chrono::ceil<std::chrono::seconds>((ttl_ + margin) / count()));
}

Question AddressSlots::question(const std::string& name, WallTime wall, int ahead) const {
    const auto index =
        static_cast<std::size_t>((slot_number(wall, width()) + ahead) % std::int64_t{count()});
    const Slot& slot = has_srv_ ? slots.at(index) : slots_without_srv.at(index);
    return {.name = name,
            .type = slot.srv ? Type::srv : type_,
            .dnssec_ok = slot.dnssec_ok,
            .checking_disabled = slot.checking_disabled};
}

Duration AddressSlots::left(WallTime wall) const {
    return width() - wall.time_since_epoch() % width();
}

bool is_private(Type type) {
    const auto number = static_cast<unsigned>(type);
    return number >= first_private && number <= last_private;
}

bool is_plain(const Question& question) {
    return (question.type == Type::a || question.type == Type::aaaa) && !question.dnssec_ok &&
           !question.checking_disabled;
}

}  // namespace muster::discovery
