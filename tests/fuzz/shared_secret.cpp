// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/shared_secret.hpp"

#include "target.hpp"

using namespace muster;

/// The one text that is accepted is the one that is written, but for blanks around it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    const auto secret = curve::parse_shared_secret(text, "fuzz");
    if (!secret) {
        MUSTER_ASSERT(secret.error().message.starts_with("shared secret fuzz: "));
        return 0;
    }
    const curve::SecretText written = curve::format(*secret);
    MUSTER_ASSERT(text.find(written.view().substr(0, written.size() - 1)) !=
                  std::string_view::npos);
    return 0;
}
