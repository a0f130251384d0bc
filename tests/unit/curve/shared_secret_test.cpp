// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/shared_secret.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "scratch.hpp"

namespace muster::curve {
namespace {

using testing::HasSubstr;
using testing::Not;

/// bytes(range(32)); the check digits by Python's hashlib:
///     blake2b(b"", key=bytes(range(32)), person=b"muster-check-v1", digest_size=32)
const std::string digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string line = "muster-secret-v1:" + digits + ":ec869848";

/// A line that is right in all but its randomness, checked likewise.
const std::string password_line =
    "muster-secret-v1:6162636465666768696a6b6c6d6e6f707172737475767778797a303132333435:6b4737c6";
const std::string pattern_line =
    "muster-secret-v1:00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff:6c9f97c5";

TEST(SharedSecret, Accepts) {
    for (const std::string& text : {line, line + "\n", line + "\r\n", "\n " + line + " \t\n\n"}) {
        const auto secret = parse_shared_secret(text, "test");
        ASSERT_TRUE(secret.has_value()) << secret.error().message;
        for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(secret->bytes()[i], i);
        EXPECT_EQ(format(*secret).view(), line + "\n");
    }
}

struct Rejected {
    std::string what;
    std::string text;
    Kind kind;
    std::string says;
};

const Rejected rejected[] = {
    {"empty", "", Kind::malformed, "empty; write one with `muster keygen --secret`"},
    {"blank", " \n\n", Kind::malformed, "empty;"},
    {"one letter", "m", Kind::malformed, "truncated, 1 of 90 characters; copy it again"},
    {"cut in the word", line.substr(0, 10), Kind::malformed, "truncated, 10 of 90"},
    {"cut in the digits", line.substr(0, 50), Kind::malformed, "truncated, 50 of 90"},
    {"cut in the check", line.substr(0, 89), Kind::malformed, "truncated, 89 of 90"},
    {"longer", line + "0", Kind::malformed, "damaged"},
    {"twice", line + "\n" + line, Kind::malformed, "damaged"},
    {"a digit changed", "muster-secret-v1:1" + line.substr(18), Kind::malformed, "damaged"},
    {"a check digit changed", line.substr(0, 89) + (line[89] == '0' ? '1' : '0'), Kind::malformed,
     "damaged, its check digits do not match"},
    {"not a digit", "muster-secret-v1:g" + line.substr(18), Kind::malformed, "damaged"},
    {"upper case", "muster-secret-v1:" + digits.substr(0, 20) + "0A" + line.substr(39),
     Kind::malformed, "damaged"},
    {"no colon", line.substr(0, 81) + "." + line.substr(82), Kind::malformed, "damaged"},
    {"a NUL within", line.substr(0, 30) + std::string(1, '\0') + line.substr(31), Kind::malformed,
     "damaged"},
    {"a password", "hunter2\n", Kind::config,
     "7 bytes that `muster keygen --secret` did not write; a password or a home-made value can be "
     "guessed"},
    {"a longer password", "correct horse battery staple", Kind::config, "28 bytes that"},
    {"32 letters", std::string(32, 'x'), Kind::config, "32 bytes that"},
    {"64 digits", digits, Kind::config, "64 bytes that"},
    {"raw bytes", "\xff\x01\x80" + std::string(29, '\x90'), Kind::config, "32 bytes that"},
    {"base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", Kind::config, "44 bytes that"},
    {"another version", "muster-secret-v2" + line.substr(16), Kind::config, "90 bytes that"},
    {"text in place of random bytes", password_line, Kind::config, "its 32 bytes are not random"},
    {"a pattern in place of random bytes", pattern_line, Kind::config,
     "its 32 bytes are not random"},
    {"a certificate", "metadata\n name = \"a\"\ncurve\n public-key = \"\"\n secret-key = \"\"\n",
     Kind::config, "holds a certificate; pass it with --cert"},
};

TEST(SharedSecret, Rejects) {
    for (const auto& [what, text, kind, says] : rejected) {
        const auto secret = parse_shared_secret(text, "/run/secrets/test");
        ASSERT_FALSE(secret.has_value()) << what;
        EXPECT_EQ(secret.error().kind, kind) << what;
        EXPECT_THAT(secret.error().message,
                    testing::StartsWith("shared secret /run/secrets/test: " + says))
            << what;
        if (text.size() > 6) {  // the sentence quotes nothing
            EXPECT_THAT(secret.error().message, Not(HasSubstr(text.substr(text.size() - 6))));
        }
    }
}

TEST(SharedSecret, TheTestsOwnLinesHaveTheRightCheckDigits) {
    // Otherwise the rows on randomness would be refused as damaged, for the wrong reason.
    for (const std::string& text : {password_line, pattern_line})
        EXPECT_THAT(parse_shared_secret(text, "test").error().message, Not(HasSubstr("damaged")));
}

RC_GTEST_PROP(SharedSecret, OnlyItsOwnTextIsAccepted, ()) {
    const SharedSecret secret = make_shared_secret();
    const std::string text(format(secret).view());
    const auto read_back = parse_shared_secret(text, "test");
    RC_ASSERT(read_back.has_value());
    RC_ASSERT(equal(read_back->bytes(), secret.bytes()));
    std::string damaged = text;
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size() - 1);
    damaged[at] = *rc::gen::distinctFrom(text[at]);
    RC_ASSERT(!parse_shared_secret(damaged, "test").has_value());
    RC_ASSERT(!parse_shared_secret(text.substr(0, at), "test").has_value());
}

TEST(SharedSecret, Differ) {
    EXPECT_FALSE(equal(make_shared_secret().bytes(), make_shared_secret().bytes()));
}

TEST(SharedSecret, File) {
    const Scratch scratch;
    const SharedSecret secret = make_shared_secret();
    ASSERT_TRUE(write(scratch / "secret", secret).has_value());
    EXPECT_EQ(mode_of(scratch / "secret"), 0600U);
    EXPECT_EQ(content_of(scratch / "secret"), format(secret).view());
    const auto read_back = read_shared_secret(scratch / "secret");
    ASSERT_TRUE(read_back.has_value());
    EXPECT_TRUE(equal(read_back->bytes(), secret.bytes()));

    EXPECT_EQ(write(scratch / "missing/secret", secret).error().kind, Kind::io);
    const auto password = read_shared_secret(scratch.file("password", "hunter2"));
    ASSERT_FALSE(password.has_value());
    EXPECT_EQ(password.error().kind, Kind::config);
    EXPECT_THAT(password.error().message, HasSubstr(scratch / "password"));
}

}  // namespace
}  // namespace muster::curve
