// SPDX-License-Identifier: Apache-2.0
#include "muster/curve.hpp"

#include <gtest/gtest.h>

namespace muster::curve {
namespace {

TEST(Certificate, RoundTrip) {
    Certificate certificate{.name = "flux_sample",
                            .metadata = {{"keygen.userid", "0"}},
                            .keys = std::move(*make_key_pair())};
    const auto text = format(certificate);
    ASSERT_TRUE(text.has_value());
    const auto parsed = parse(text->view(), "test");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(parsed->name, "flux-sample");
    EXPECT_EQ(parsed->metadata, certificate.metadata);
    EXPECT_EQ(parsed->keys.public_key, certificate.keys.public_key);
}

TEST(SharedSecret, RoundTrip) {
    const SharedSecret secret = make_shared_secret();
    const auto parsed = parse_shared_secret(format(secret).view(), "test");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_TRUE(equal(parsed->bytes(), secret.bytes()));
}

}  // namespace
}  // namespace muster::curve
