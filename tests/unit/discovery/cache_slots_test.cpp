// SPDX-License-Identifier: Apache-2.0
#include "cache_slots.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <tuple>

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

const std::string name = "m-0.flux.";
const WallTime epoch{1'700'000'000s};

using Key = std::tuple<unsigned, bool, bool>;
Key key_of(const Question& question) {
    return {static_cast<unsigned>(question.type), question.dnssec_ok, question.checking_disabled};
}

TEST(ExistenceSlots, AreAThousandAndTwentyOfAThirtiethOfASecond) {
    const ExistenceSlots slots;
    EXPECT_EQ(slots.width(), Duration(1s) / 30);
    const auto begin = epoch - epoch.time_since_epoch() % slots.width();
    std::set<Key> keys;
    for (int i = 0; i < ExistenceSlots::count; ++i) {
        const auto question = slots.question(name, begin + i * slots.width());
        EXPECT_TRUE(is_private(question.type));
        EXPECT_FALSE(is_plain(question));
        EXPECT_EQ(question.name, name);
        keys.insert(key_of(question));
    }
    EXPECT_EQ(keys.size(), 1020u);
    EXPECT_EQ(slots.question(name, begin), slots.question(name, begin + slots.width() * 1020))
        << "they come round";
    EXPECT_EQ(slots.question(name, begin), slots.question(name, begin + 33ms))
        << "all pods ask the same";
}

RC_GTEST_PROP(ExistenceSlots, ComeRoundOnlyWhenADenialHasExpired, ()) {
    ExistenceSlots slots;
    const auto ttl = *rc::gen::inRange<std::uint32_t>(0, 3000);
    slots.make_room_for(ttl);
    RC_ASSERT(slots.width() * ExistenceSlots::count > std::chrono::seconds(ttl));
    if (ttl <= 31) RC_ASSERT(slots.width() == Duration(1s) / 30);
    ExistenceSlots other;
    other.make_room_for(ttl / 2);
    other.make_room_for(ttl);
    RC_ASSERT(other.width() == slots.width());  // whatever was seen before
}

RC_GTEST_PROP(AddressSlots, ComeRoundOnlyWhenAnAddressHasExpired, ()) {
    AddressSlots slots(*rc::gen::element(Type::a, Type::aaaa));
    const auto ttl = *rc::gen::inRange<std::uint32_t>(0, 3000);
    slots.make_room_for(ttl);
    if (*rc::gen::arbitrary<bool>()) slots.drop_srv();
    const auto now = epoch + std::chrono::milliseconds(*rc::gen::inRange(0, 1'000'000));
    const auto first = slots.question(name, now);
    RC_ASSERT(!is_plain(first));
    RC_ASSERT(slots.question(name, now + slots.width()) == slots.question(name, now, 1));
    RC_ASSERT(slots.left(now) > Duration::zero());
    RC_ASSERT(slots.left(now) <= slots.width());
    std::set<Key> keys{key_of(first)};
    WallTime turn = now + slots.left(now);
    Duration waited{};
    while (key_of(slots.question(name, turn)) != key_of(first)) {
        keys.insert(key_of(slots.question(name, turn)));
        turn += slots.width();
        waited += slots.width();
    }
    RC_ASSERT(static_cast<int>(keys.size()) == slots.count());
    RC_ASSERT(waited + slots.width() >= std::chrono::seconds(ttl));
}

TEST(AddressSlots, AreSevenOfFiveSecondsBehindACacheOfThirty) {
    AddressSlots slots(Type::a);
    slots.make_room_for(30);
    EXPECT_EQ(slots.width(), Duration(5s));
    EXPECT_EQ(slots.count(), 7);
    slots.drop_srv();
    EXPECT_EQ(slots.width(), Duration(11s));
    EXPECT_EQ(slots.count(), 3);
}

TEST(IsPlain, IsWhatLibcAsks) {
    EXPECT_TRUE(is_plain({.name = name, .type = Type::a}));
    EXPECT_TRUE(is_plain({.name = name, .type = Type::aaaa}));
    EXPECT_FALSE(is_plain({.name = name, .type = Type::srv}));
    EXPECT_FALSE(is_plain({.name = name, .type = Type::a, .dnssec_ok = true}));
    EXPECT_FALSE(is_plain({.name = name, .type = Type::a, .checking_disabled = true}));
    EXPECT_FALSE(is_private(Type::srv));
    EXPECT_FALSE(is_private(static_cast<Type>(65535)));
}

}  // namespace
}  // namespace muster::discovery
