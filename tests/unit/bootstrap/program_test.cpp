// SPDX-License-Identifier: Apache-2.0
// The leader's initial program as an argument vector, in every mode.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/bootstrap/plan.hpp"

namespace muster::bootstrap {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

using Words = std::vector<std::string>;

/// What stands after the shim's "--".
Result<Words> program(Words flags, const Words& command, Words batch_lines = {}) {
    flags.insert(flags.begin(), {"--hosts=a[0-3]", "--rank=0"});
    LocalFacts facts;
    facts.flux = "flux";
    facts.batch_lines = std::move(batch_lines);
    TRY_ASSIGN(const auto line, parse_command_line(flags, {}));
    TRY_ASSIGN(const auto plan, make_plan(line.settings, command, facts));
    const auto shim = std::find(plan.argv.begin(), plan.argv.end(), "--");
    EXPECT_NE(shim, plan.argv.end());
    EXPECT_THAT(Words(shim - 6, shim),
                ElementsAre("muster-init", "program", "--status", "/run/muster/program.status",
                            "--grace", "25000ms"));
    return Words(shim + 1, plan.argv.end());
}

TEST(Program, SubmitIsTheDefaultAndStreams) {
    EXPECT_THAT(*program({}, {"hi", "a b"}),
                ElementsAre("flux", "run", "-N4", "-n4", "--", "hi", "a b"));
    EXPECT_THAT(*program({"--tasks=8", "--flags=-o 'cpu affinity'"}, {"hi"}),
                ElementsAre("flux", "run", "-N4", "-n8", "-o", "cpu affinity", "--", "hi"));
    EXPECT_THAT(*program({"--tasks=2"}, {"hi"}), ElementsAre("flux", "run", "-n2", "--", "hi"));
    EXPECT_THAT(*program({"--nodes=2"}, {"hi"}),
                ElementsAre("flux", "run", "-N2", "-n2", "--", "hi"));
}

TEST(Program, LauncherIsTheProgramItself) {
    EXPECT_THAT(*program({"--mode=launcher", "--wrap=strace -f"}, {"mpirun x"}),
                ElementsAre("strace", "-f", "mpirun x"));
}

TEST(Program, BatchIsAJobALine) {
    EXPECT_THAT(*program({"--mode=batch"}, {"script"}, {"echo 'a' {}", "true"}),
                ElementsAre("flux", "bulksubmit", "--watch", "--quiet", "--input=/dev/null", "sh",
                            "-c", "{}", "::::", "/run/muster/batch.lines"));
    EXPECT_THAT(program({"--mode=batch"}, {"script"}).error().message,
                HasSubstr("script has no command line"));
    EXPECT_THAT(program({"--mode=batch"}, {"script", "more"}, {"x"}).error().message,
                HasSubstr("takes one script"));
}

TEST(Program, BatchRawIsAScriptInItsOwnInstance) {
    EXPECT_THAT(*program({"--mode=batch-raw"}, {"script", "arg"}),
                ElementsAre("flux", "alloc", "-N4", "-n4", "script", "arg"));
}

TEST(Program, InteractiveTakesNone) {
    LocalFacts facts;
    const auto line =
        parse_command_line(Words{"--hosts=a", "--rank=0", "--mode=interactive"}, {}).value();
    EXPECT_EQ(make_plan(line.settings, {}, facts)->argv.back(), "broker.rc2_none");
    EXPECT_THAT(make_plan(line.settings, {"x"}, facts).error().message,
                HasSubstr("takes no program"));
}

TEST(Program, ArgumentsArriveUnchanged) {
    const Words awkward{"p",        "it's", "\"$HOME\"", "a  b", "line\nbreak",
                        "\xC3\xA4", "",     "-n9",       "--",   "\xff"};
    auto found = program({"--mode=launcher"}, awkward);
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, ElementsAreArray(awkward));
}

}  // namespace
}  // namespace muster::bootstrap
