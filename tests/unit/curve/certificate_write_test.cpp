// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/curve.hpp"
#include "scratch.hpp"

namespace muster::curve {
namespace {

using testing::HasSubstr;

Certificate make_certificate(std::string name, Metadata metadata = {}) {
    return {
        .name = std::move(name), .metadata = std::move(metadata), .keys = make_key_pair().value()};
}

TEST(Format, Golden) {
    const std::array<std::uint8_t, 32> ones = [] {
        std::array<std::uint8_t, 32> bytes{};
        bytes.fill(1);
        return bytes;
    }();
    SecretKey secret{std::span<const std::uint8_t, 32>(ones)};
    const PublicKey half = public_key_of(secret);
    const Certificate certificate{.name = "flux-sample",
                                  .metadata = {{"keygen.userid", "0"}, {"empty", ""}},
                                  .keys = {.public_key = half, .secret_key = std::move(secret)}};
    EXPECT_EQ(format(certificate)->view(),
              "#  ZeroMQ CURVE **Secret** Certificate\n"
              "#  DO NOT DISTRIBUTE\n"
              "\n"
              "metadata\n"
              "    name = \"flux-sample\"\n"
              "    keygen.userid = \"0\"\n"
              "    empty = \"\"\n"
              "curve\n"
              "    public-key = \"" +
                  z85_encode(half.bytes()) +
                  "\"\n"
                  "    secret-key = \"0rAi40rAi40rAi40rAi40rAi40rAi40rAi40rAi4\"\n");
}

TEST(Format, RefusesMetadataKeysThatFluxRefuses) {
    struct Row {
        Metadata metadata;
        std::string says;
    };
    const Row rows[] = {
        {{{"", "a"}}, "metadata key ''"},
        {{{"a_b", "a"}}, "metadata key 'a_b': Flux takes 1 to 40 letters"},
        {{{"a b", "a"}}, "metadata key 'a b'"},
        {{{"a\n", "a"}}, "metadata key"},
        {{{std::string(41, 'a'), "a"}}, "metadata key 'aaa"},
        {{{"a", "a"}, {"a", "b"}}, "metadata key 'a': is there twice"},
        {{{"name", "a"}}, "metadata key 'name': is there twice"},
    };
    for (const auto& [metadata, says] : rows) {
        const auto text = format(make_certificate("a", metadata));
        ASSERT_FALSE(text.has_value()) << says;
        EXPECT_EQ(text.error().kind, Kind::config);
        EXPECT_THAT(text.error().message, HasSubstr(says));
    }
}

TEST(Sanitise, Table) {
    const std::pair<std::string, std::string> rows[] = {
        {"flux-sample", "flux-sample"},
        {"my_team_flux", "my-team-flux"},
        {"a,b'c\"d~e|f\\g", "a-b-c-d-e-f-g"},
        {"\xc3\xbc", "--"},
        {"a\nb = \"c", "a-b = -c"},
        {std::string("a\0b", 3), "a-b"},
        {"", "muster"},
        {std::string(300, 'x'), std::string(200, 'x')},
    };
    for (const auto& [value, expected] : rows) EXPECT_EQ(sanitise(value), expected);
}

TEST(KeygenMetadata, SaysWhoWhereAndWhen) {
    const WallTime when{std::chrono::seconds(1795319121)};  // date -u -d @1795319121
    EXPECT_EQ(keygen_metadata("login_1", when, 1000),
              (Metadata{{"keygen.hostname", "login-1"},
                        {"keygen.time", "2026-11-22T03:45:21"},
                        {"keygen.userid", "1000"}}));
    EXPECT_TRUE(format(make_certificate("a", keygen_metadata("", when, 0))).has_value());
}

TEST(Write, IsPrivateAndReadsBack) {
    const Scratch scratch;
    const mode_t umask_before = ::umask(0);
    const Certificate certificate = make_certificate("my_name", {{"a", "b"}});
    ASSERT_TRUE(write(scratch / "curve.cert", certificate).has_value());
    ::umask(umask_before);
    EXPECT_EQ(mode_of(scratch / "curve.cert"), 0600U);
    const auto read_back = read(scratch / "curve.cert");
    ASSERT_TRUE(read_back.has_value());
    EXPECT_EQ(read_back->name, "my-name");
    EXPECT_EQ(read_back->metadata, certificate.metadata);
    EXPECT_EQ(read_back->keys.public_key, certificate.keys.public_key);
}

TEST(Write, MakesAnOpenFilePrivate) {
    const Scratch scratch;
    const Certificate certificate = make_certificate("a");
    const std::string path = scratch.file("curve.cert", format(certificate)->view(), 0644);
    ASSERT_TRUE(write(path, certificate).has_value());
    EXPECT_EQ(mode_of(path), 0600U);
}

TEST(Write, ReplacesALinkAndNotWhatItLeadsTo) {
    const Scratch scratch;
    scratch.file("target", "precious");
    std::filesystem::create_symlink("target", scratch / "curve.cert");
    ASSERT_TRUE(write(scratch / "curve.cert", make_certificate("a")).has_value());
    EXPECT_EQ(content_of(scratch / "target"), "precious");
    EXPECT_TRUE(
        std::filesystem::is_regular_file(std::filesystem::symlink_status(scratch / "curve.cert")));
}

TEST(Write, FailureLeavesWhatWasThere) {
    const Scratch scratch;
    const std::string path = scratch.file("curve.cert", "old");
    EXPECT_EQ(write(path, make_certificate("a", {{"_", ""}})).error().kind, Kind::config);
    EXPECT_EQ(content_of(path), "old");
    const auto written = write(scratch / "missing/curve.cert", make_certificate("a"));
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().kind, Kind::io);
    EXPECT_THAT(written.error().message, HasSubstr(scratch / "missing/curve.cert"));
}

TEST(Write, TheSameCertificateIsLeftAlone) {
    const Scratch scratch;
    const Certificate certificate = make_certificate("a");
    ASSERT_TRUE(write(scratch / "curve.cert", certificate).has_value());
    struct stat before{};
    struct stat after{};
    ASSERT_EQ(::stat((scratch / "curve.cert").c_str(), &before), 0);
    ASSERT_TRUE(write(scratch / "curve.cert", certificate).has_value());
    ASSERT_EQ(::stat((scratch / "curve.cert").c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    ASSERT_TRUE(write(scratch / "curve.cert", make_certificate("a")).has_value());
    ASSERT_EQ(::stat((scratch / "curve.cert").c_str(), &after), 0);
    EXPECT_NE(before.st_ino, after.st_ino);
}

TEST(Write, NothingElseIsLeftInTheDirectory) {
    const Scratch scratch;
    ASSERT_TRUE(write(scratch / "curve.cert", make_certificate("a")).has_value());
    ASSERT_TRUE(write(scratch / "shared", make_shared_secret()).has_value());
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch / ""), {}), 2);
}

}  // namespace
}  // namespace muster::curve
