// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/certificate.hpp"

#include "target.hpp"

using namespace muster;

/// What is accepted can be written, and is then read as the same; what is refused has a sentence.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto certificate = curve::parse(fuzz::text_of(data, size), "fuzz");
    if (!certificate) {
        MUSTER_ASSERT(certificate.error().message.starts_with("certificate fuzz:"));
        MUSTER_ASSERT(certificate.error().message.find('\n') == std::string::npos);
        return 0;
    }
    const auto text = curve::format(*certificate);
    if (!text) {  // a metadata key may be longer on reading, and `name` is ours on writing
        MUSTER_ASSERT(text.error().kind == Kind::config);
        return 0;
    }
    const auto again = curve::parse(text->view(), "again");
    MUSTER_ASSERT(again.has_value());
    MUSTER_ASSERT(again->name == curve::sanitise(certificate->name));
    MUSTER_ASSERT(again->metadata.size() == certificate->metadata.size());
    MUSTER_ASSERT(again->keys.public_key == certificate->keys.public_key);
    MUSTER_ASSERT(
        curve::equal(again->keys.secret_key.bytes(), certificate->keys.secret_key.bytes()));
    return 0;
}
