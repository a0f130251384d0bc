// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace muster::bootstrap {
namespace {

using testing::HasSubstr;

class CertificateOf : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "muster-test-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    Result<curve::Certificate> obtain(std::vector<std::string> words, std::uint32_t rank = 0) {
        words.push_back("--rank=" + std::to_string(rank));
        TRY_ASSIGN(const auto line, parse_command_line(words, {}));
        TRY_ASSIGN(const auto plan, make_plan(line.settings, {}, LocalFacts{}));
        return obtain_certificate(line.settings, plan);
    }
    std::string path(const std::string& name) const { return directory_ + "/" + name; }

    std::string directory_;
};

TEST_F(CertificateOf, AnInstanceOfOneIsMade) {
    EXPECT_TRUE(obtain({"--hosts=a"}));
}

TEST_F(CertificateOf, AnInstanceOfManyMustBeGiven) {
    const auto certificate = obtain({"--hosts=a,b"});
    ASSERT_FALSE(certificate);
    EXPECT_EQ(certificate.error().kind, Kind::config);
    EXPECT_THAT(certificate.error().message, HasSubstr("muster keygen"));
}

TEST_F(CertificateOf, ASecretGivesAllRanksOnePairAndOtherInstancesAnother) {
    ASSERT_TRUE(curve::write(path("secret"), curve::make_shared_secret()));
    const auto flag = "--secret=" + path("secret");
    const auto first = obtain({"--hosts=a,b", flag}, 0);
    const auto second = obtain({"--hosts=a,b", flag}, 1);
    const auto other = obtain({"--hosts=a,c", flag}, 0);
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE(second);
    ASSERT_TRUE(other);
    EXPECT_EQ(first->keys.public_key, second->keys.public_key);
    EXPECT_FALSE(first->keys.public_key == other->keys.public_key);
}

TEST_F(CertificateOf, AFileIsRead) {
    auto keys = curve::make_key_pair().value();
    const auto public_key = keys.public_key;
    ASSERT_TRUE(curve::write(path("cert"), {.name = "m", .metadata = {}, .keys = std::move(keys)}));
    const auto certificate = obtain({"--hosts=a,b", "--cert=" + path("cert")});
    ASSERT_TRUE(certificate) << certificate.error().message;
    EXPECT_EQ(certificate->keys.public_key, public_key);
    EXPECT_EQ(obtain({"--hosts=a,b", "--cert=" + path("none")}).error().kind, Kind::io);
    EXPECT_EQ(
        obtain({"--hosts=a,b", "--cert=" + path("cert"), "--secret=" + path("cert")}).error().kind,
        Kind::usage);
}

}  // namespace
}  // namespace muster::bootstrap
