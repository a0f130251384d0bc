// SPDX-License-Identifier: Apache-2.0
#include "muster/inject.hpp"

#include "target.hpp"

using namespace muster;

/// What has got muster is taken as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 20'000) return 0;
    const inject::Options options{.flux = "none"};
    const auto once = inject::inject(std::string(fuzz::text_of(data, size)), "input", options);
    if (!once) {
        MUSTER_ASSERT(once.error().kind == Kind::malformed);
        return 0;
    }
    const auto twice = inject::inject(*once, "output", options);
    MUSTER_ASSERT(twice.has_value() && *twice == *once);
    return 0;
}
