// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "muster/base/clock.hpp"
#include "muster/discovery/resolver.hpp"

namespace muster::discovery {

/// A cache keeps its answers by name, type, DO and CD (CoreDNS 1.14; before 1.11.2 without CD), so
/// each combination is a slot that holds one answer for as long as its TTL. Which slot to ask
/// follows from the wall clock: pods that wait for the same name share each answer, none is older
/// than a slot is wide, and a slot comes round only when what it held has expired (reference:
/// "Asking without poisoning").
///
/// Slots that tell whether a name exists: the 255 types of private use (65280 to 65534) with the
/// four combinations of DO and CD, a thirtieth of a second each, or wider when denials live for
/// longer than a round of 34 s. Nobody else asks them.
class ExistenceSlots {
  public:
    static constexpr int count = 1020;
    /// A denial was seen that caches keep for `ttl` seconds.
    void make_room_for(std::uint32_t ttl);
    Duration width() const { return width_; }
    Question question(const std::string& name, WallTime wall) const;

  private:
    Duration width_ = Duration(std::chrono::seconds(1)) / 30;
};

/// Slots that tell an address, none of which libc asks: A or AAAA with DO, CD or both, and SRV of
/// the pod's own name, whose additional section carries the address, with all four. 5 s each, so
/// that an old address is found out within 5 s. A server may know no SRV: then the other three,
/// each wide enough to come round after its TTL.
class AddressSlots {
  public:
    explicit AddressSlots(Type type) : type_(type) {}
    void make_room_for(std::uint32_t ttl);
    void drop_srv() { has_srv_ = false; }
    bool has_srv() const { return has_srv_; }
    Type type() const { return type_; }
    void set_type(Type type) { type_ = type; }
    Duration width() const;
    /// The slot of this moment, `ahead` slots on; of SRV's slots `name` is that of the pod.
    Question question(const std::string& name, WallTime wall, int ahead = 0) const;
    /// How long until the next slot's turn.
    Duration left(WallTime wall) const;

    int count() const { return has_srv_ ? 7 : 3; }

  private:
    Type type_;  ///< A or AAAA
    bool has_srv_ = true;
    Duration ttl_{};
};

/// One of the 255 types that no cache holds an address under.
bool is_private(Type type);
/// What libc asks: A or AAAA, neither DO nor CD.
bool is_plain(const Question& question);

}  // namespace muster::discovery
