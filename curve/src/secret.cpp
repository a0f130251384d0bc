// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/secret.hpp"

#include <sodium.h>

#include <cstring>

namespace muster::curve {

SecretMemory::SecretMemory(std::size_t size) : size_(size) {
    static const bool ready = sodium_init() >= 0;  // page size and canary of sodium_malloc
    MUSTER_ASSERT(ready);
    bytes_.reset(static_cast<std::uint8_t*>(sodium_malloc(size)));
    MUSTER_ASSERT(bytes_ != nullptr && "out of memory");
    std::memset(bytes_.get(), 0, size);  // sodium_malloc fills with 0xdb
}

void SecretMemory::Free::operator()(std::uint8_t* bytes) const noexcept {
    sodium_free(bytes);
}

std::string_view SecretText::view() const {
    const void* bytes = memory_.bytes().data();
    return {static_cast<const char*>(bytes), size_};
}

bool equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace muster::curve
