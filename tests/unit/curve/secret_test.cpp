// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/secret.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <numeric>
#include <ostream>
#include <sstream>
#include <type_traits>

#include "muster/curve.hpp"

namespace muster::curve {
namespace {

// A secret cannot be printed, copied or turned into a string by accident; each line fails to
// compile when somebody makes that possible.
template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

template <class T>
constexpr bool keeps_quiet =
    !fmt::is_formattable<T>::value && !Streamable<T> &&
    !std::is_convertible_v<const T&, std::string> && !std::is_convertible_v<T, std::string_view> &&
    !std::is_constructible_v<std::string, const T&> && !std::is_copy_constructible_v<T> &&
    !std::is_copy_assignable_v<T> && std::is_nothrow_move_constructible_v<T> &&
    std::is_nothrow_move_assignable_v<T>;

static_assert(keeps_quiet<SecretMemory>);
static_assert(keeps_quiet<SecretKey>);
static_assert(keeps_quiet<SharedSecret>);
static_assert(keeps_quiet<SecretText>);
static_assert(!fmt::is_formattable<KeyPair>::value && !Streamable<KeyPair>);
static_assert(!fmt::is_formattable<Certificate>::value && !Streamable<Certificate>);
static_assert(!std::is_copy_constructible_v<Certificate>);
// The control: the same test sees what can be printed.
static_assert(!keeps_quiet<std::string> && !keeps_quiet<std::string_view> && !keeps_quiet<int>);
// One secret is not taken for the other.
static_assert(!std::is_convertible_v<SharedSecret, SecretKey>);
static_assert(!std::is_constructible_v<SecretKey, SharedSecret>);

/// The VmFlags of the mapping that holds `address` (proc_pid_smaps(5)).
std::string mapping_flags(const void* address) {
    std::ifstream smaps("/proc/self/smaps");
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    bool is_inside = false;
    for (std::string line; std::getline(smaps, line);) {
        unsigned long first = 0;
        unsigned long last = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &last) == 2)
            is_inside = first <= wanted && wanted < last;
        if (is_inside && line.starts_with("VmFlags:")) return line + " ";
    }
    return {};
}

TEST(SecretMemory, IsZeroedAndWritable) {
    SecretMemory memory(100);
    ASSERT_EQ(memory.size(), 100U);
    EXPECT_THAT(memory.bytes(), testing::Each(0));
    std::iota(memory.bytes().begin(), memory.bytes().end(), std::uint8_t{1});
    EXPECT_EQ(memory.bytes()[99], 100);
}

TEST(SecretMemory, IsNotDumped) {
    const SecretMemory memory(32);
    const auto plain = std::make_unique<std::array<char, 32>>();
    EXPECT_THAT(mapping_flags(memory.bytes().data()), testing::HasSubstr(" dd "));
    EXPECT_THAT(mapping_flags(plain.get()), testing::Not(testing::HasSubstr(" dd ")));
}

TEST(SecretMemory, EverySecretLivesThere) {
    const auto keys = make_key_pair();
    ASSERT_TRUE(keys.has_value());
    const auto derived = derive(make_shared_secret(), "a");
    const SharedSecret shared = make_shared_secret();
    const SecretText text = format(shared);
    const Certificate certificate{.name = "a", .metadata = {}, .keys = make_key_pair().value()};
    const SecretText file = format(certificate).value();
    const Certificate read_back = parse(file.view(), "test").value();
    for (const void* address :
         {static_cast<const void*>(keys->secret_key.bytes().data()),
          static_cast<const void*>(derived->secret_key.bytes().data()),
          static_cast<const void*>(shared.bytes().data()),
          static_cast<const void*>(text.view().data()),
          static_cast<const void*>(certificate.keys.secret_key.bytes().data()),
          static_cast<const void*>(file.view().data()),
          static_cast<const void*>(read_back.keys.secret_key.bytes().data())})
        EXPECT_THAT(mapping_flags(address), testing::HasSubstr(" dd "));
}

TEST(SecretMemory, MoveLeavesNothing) {
    SecretMemory first(8);
    first.bytes()[0] = 7;
    SecretMemory second = std::move(first);
    EXPECT_EQ(first.size(), 0U);  // NOLINT(bugprone-use-after-move): that is the question
    EXPECT_TRUE(first.bytes().empty());
    first = std::move(second);
    EXPECT_EQ(first.bytes()[0], 7);
    EXPECT_EQ(second.size(), 0U);  // NOLINT(bugprone-use-after-move)
}

TEST(SecretText, MoveLeavesNothing) {
    SecretText first = format(make_shared_secret());
    const std::size_t size = first.size();
    SecretText second = std::move(first);
    EXPECT_EQ(first.size(), 0U);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(first.view(), "");
    EXPECT_EQ(second.size(), size);
    first = std::move(second);
    EXPECT_EQ(first.size(), size);
}

TEST(SecretDeathTest, MovedFromKeyIsNotUsed) {
    SecretKey key{SecretMemory(32)};
    const SecretKey other = std::move(key);
    EXPECT_EXIT(std::ignore = key.bytes(), testing::ExitedWithCode(70), "size");  // NOLINT
}

TEST(SecretDeathTest, WrongSizeIsABug) {
    EXPECT_EXIT(SecretKey(SecretMemory(31)), testing::ExitedWithCode(70), "size");
}

TEST(SecretMemory, IsUnmappedWhenFreed) {
    const std::uint8_t* address = nullptr;
    {
        const SecretMemory memory(32);
        address = memory.bytes().data();
    }
    EXPECT_EQ(mapping_flags(address), "");
}

TEST(Equal, Table) {
    const std::array<std::uint8_t, 3> a{1, 2, 3};
    const std::array<std::uint8_t, 3> b{1, 2, 4};
    EXPECT_TRUE(equal(a, a));
    EXPECT_FALSE(equal(a, b));
    EXPECT_FALSE(equal(a, std::span(a).first(2)));
    EXPECT_TRUE(equal({}, {}));
}

}  // namespace
}  // namespace muster::curve
