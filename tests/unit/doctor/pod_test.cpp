// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/pod.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "scratch.hpp"

namespace muster::doctor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// A /proc/1 with these strings.
class EntrypointOf : public testing::Test {
  protected:
    Entrypoint read(const std::vector<std::string>& words,
                    const std::vector<std::string>& variables = {}) {
        std::filesystem::create_directories(root_ + "/proc/1");
        const auto put = [&](const char* name, const std::vector<std::string>& strings) {
            std::ofstream file(root_ + "/proc/1/" + name, std::ios::binary);
            for (const auto& string : strings)
                file.write(string.c_str(), static_cast<std::streamsize>(string.size() + 1));
        };
        put("cmdline", words);
        put("environ", variables);
        return read_entrypoint(root_);
    }
    Scratch scratch_;
    std::string root_ = scratch_ / "root";
};

TEST_F(EntrypointOf, FlagsBeforeTheProgram) {
    const auto found = read({"/opt/bin/muster-init", "--grace", "9s", "--", "/opt/bin/muster",
                             "run", "--size", "4", "--cert=/c", "--", "prog", "--rank", "3"},
                            {"PATH=/bin", "MUSTER_FLUX=none", "MUSTER_DNS=a=b"});
    EXPECT_THAT(found.words, ElementsAre("--size=4", "--cert=/c"));
    EXPECT_THAT(found.environment,
                ElementsAre(Pair("MUSTER_DNS", "a=b"), Pair("MUSTER_FLUX", "none")));
}

TEST_F(EntrypointOf, AProgramWithoutDashes) {
    EXPECT_THAT(read({"muster-init", "muster", "run", "--size=2", "prog", "--rank=3"}).words,
                ElementsAre("--size=2"));
    EXPECT_THAT(read({"muster-init", "muster", "run"}).words, IsEmpty());
}

TEST_F(EntrypointOf, SomethingElse) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{},
                                               {"/pause"},
                                               {"muster-init"},
                                               {"muster-init", "muster"},
                                               {"muster-init", "muster", "up"},
                                               {"sh", "-c", "muster run --size 4"},
                                               {"muster-init", "muster", "run", "--nope"}})
        EXPECT_THAT(read(words, {}).words, IsEmpty());
    EXPECT_THAT(read({"/pause"}, {"MUSTER_SIZE=3"}).environment, IsEmpty());
    EXPECT_THAT(read_entrypoint("/nowhere").words, IsEmpty());
}

TEST(OverTheEntrypoint, WhatIsSaidNowWins) {
    const Entrypoint entrypoint{{"--size=4"}, {{"MUSTER_SIZE", "4"}, {"MUSTER_DIR", "/d"}}};
    const std::vector<std::string> words{"--size=2"};
    EXPECT_THAT(words_over(entrypoint, words), ElementsAre("--size=4", "--size=2"));
    EXPECT_THAT(environment_over(entrypoint, {{"MUSTER_SIZE", "2"}}),
                ElementsAre(Pair("MUSTER_DIR", "/d"), Pair("MUSTER_SIZE", "2")));
}

}  // namespace
}  // namespace muster::doctor
