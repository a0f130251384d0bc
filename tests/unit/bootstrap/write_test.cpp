// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/write.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "muster/base/fd.hpp"

namespace muster::bootstrap {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

class WritePlan : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "muster-test-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    Plan plan(const std::string& below) const {
        const std::vector<std::string> words{"--hosts=a", "--rank=0",
                                             "--dir=" + directory_ + below};
        return make_plan(parse_command_line(words, {}).value().settings, {}, LocalFacts{}).value();
    }
    static curve::Certificate certificate() {
        return {.name = "a", .metadata = {}, .keys = curve::make_key_pair().value()};
    }

    std::string directory_;
};

TEST_F(WritePlan, LeavesExactlyThePlansFiles) {
    const auto made = plan("/x/y");
    ASSERT_TRUE(write_plan(made, certificate()));
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(made.paths.dir))
        names.push_back(entry.path().filename());
    EXPECT_THAT(names, UnorderedElementsAre("curve.cert", "broker.toml", "R.json", "run"));
    struct stat status{};
    ASSERT_EQ(::stat(made.paths.curve_cert.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_EQ(read_file(made.paths.broker_toml).value(), made.broker_toml);
    EXPECT_EQ(read_file(made.paths.resources).value(), made.resources_json);
}

TEST_F(WritePlan, RemovesWhatAnEarlierLifeSaid) {
    const auto made = plan("");
    std::ofstream(made.paths.status) << "exit 3\n";
    std::ofstream(made.paths.leaving) << "";
    ASSERT_TRUE(write_plan(made, certificate()));
    EXPECT_FALSE(std::filesystem::exists(made.paths.status));
    EXPECT_FALSE(std::filesystem::exists(made.paths.leaving));
}

TEST_F(WritePlan, TakesBackWhatItMadeWhenTheRestCannotBeWritten) {
    std::filesystem::create_directories(directory_ + "/x/broker.toml/in the way");
    ASSERT_FALSE(write_plan(plan("/x"), certificate()));
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_))
        names.push_back(entry.path().filename());
    EXPECT_THAT(names, UnorderedElementsAre("x", "broker.toml", "in the way"));
}

TEST_F(WritePlan, TakesBackNothingThatWasThereBefore) {
    const auto made = plan("");
    ASSERT_TRUE(write_plan(made, certificate()));
    std::filesystem::remove(made.paths.broker_toml);
    std::filesystem::create_directories(made.paths.broker_toml + "/in the way");
    ASSERT_FALSE(write_plan(made, certificate()));
    EXPECT_TRUE(std::filesystem::exists(made.paths.curve_cert));
    EXPECT_TRUE(std::filesystem::exists(made.paths.resources));
    EXPECT_TRUE(std::filesystem::exists(made.paths.rundir));
}

TEST_F(WritePlan, NamesTheDirectoryAndTheMend) {
    std::ofstream(directory_ + "/file") << "in the way";
    const auto written = write_plan(plan("/file/dir"), certificate());
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, Kind::io);
    EXPECT_THAT(written.error().message, HasSubstr("--dir (MUSTER_DIR)"));
}

}  // namespace
}  // namespace muster::bootstrap
