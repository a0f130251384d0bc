// SPDX-License-Identifier: Apache-2.0
#include "args.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace muster::init {
namespace {

std::map<std::string, std::string> environment;

char* look_up(const char* name) {
    const auto found = environment.find(name);
    return found != environment.end() ? found->second.data() : nullptr;
}

/// Words as main() gets them; what the result points to lives as long as this.
struct Words {
    explicit Words(std::vector<std::string> given) : words(std::move(given)) {
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
    }
    std::vector<std::string> words;
    std::vector<char*> argv;
};

struct Outcome {
    Options options;
    std::vector<std::string> command;
    std::string problem;
    std::string grace_text;
    std::string status;
};

std::string text_of(const char* text) {
    return text != nullptr ? text : "(none)";
}

Outcome parse(std::vector<std::string> words, std::map<std::string, std::string> variables = {}) {
    environment = std::move(variables);
    words.insert(words.begin(), "muster-init");
    Words line(std::move(words));
    const Parsed parsed = parse_args(line.argv.data(), look_up);
    Outcome outcome{.options = parsed.options,
                    .command = {},
                    .problem = std::string(parsed.problem.view()),
                    .grace_text = text_of(parsed.options.grace_text),
                    .status = text_of(parsed.options.status)};
    if (parsed.problem.empty() && parsed.options.command != nullptr) {
        for (char** word = parsed.options.command; *word != nullptr; ++word) {
            outcome.command.emplace_back(*word);
        }
    }
    return outcome;
}

using Strings = std::vector<std::string>;

TEST(Args, TheFirstWordThatIsNoFlagStartsTheCommand) {
    EXPECT_EQ(parse({"sleep", "5"}).command, (Strings{"sleep", "5"}));
    EXPECT_EQ(parse({"--", "sleep", "--grace", "1"}).command, (Strings{"sleep", "--grace", "1"}));
    EXPECT_EQ(parse({"sleep", "--grace", "nonsense"}).command,
              (Strings{"sleep", "--grace", "nonsense"}));
    EXPECT_EQ(parse({"--", "program"}).command, (Strings{"program"}));
    EXPECT_EQ(parse({"--", "--", "x"}).command, (Strings{"--", "x"}));
    EXPECT_EQ(parse({"--", "-x", ""}).command, (Strings{"-x", ""}));
}

TEST(Args, Defaults) {
    const Outcome outcome = parse({"x"});
    EXPECT_EQ(outcome.problem, "");
    EXPECT_EQ(outcome.options.ask, Ask::supervise);
    EXPECT_EQ(outcome.options.grace, Millis(25'000));
    EXPECT_EQ(outcome.grace_text, "(none)");
    EXPECT_EQ(outcome.options.on_end, OnEnd::exit);
}

TEST(Args, Flags) {
    const Outcome blank = parse({"--grace", "1.5", "--on-end", "rejoin", "x"});
    EXPECT_EQ(blank.options.grace, Millis(1'500));
    EXPECT_EQ(blank.options.on_end, OnEnd::rejoin);
    EXPECT_EQ(blank.command, Strings{"x"});
    const Outcome equals = parse({"--grace=2m", "--on-end=exit", "--", "x"},
                                 {{"MUSTER_ON_END", "rejoin"}, {"MUSTER_GRACE", "3"}});
    EXPECT_EQ(equals.options.grace, Millis(120'000));
    EXPECT_EQ(equals.grace_text, "2m");
    EXPECT_EQ(equals.options.on_end, OnEnd::exit);
}

TEST(Args, EnvironmentIsTheOtherFace) {
    const Outcome outcome = parse({"x"}, {{"MUSTER_GRACE", "7"}, {"MUSTER_ON_END", "rejoin"}});
    EXPECT_EQ(outcome.options.grace, Millis(7'000));
    EXPECT_EQ(outcome.options.on_end, OnEnd::rejoin);
    EXPECT_EQ(parse({"x"}, {{"MUSTER_GRACE", ""}, {"MUSTER_ON_END", ""}}).problem, "");
}

TEST(Args, AFlagHidesItsVariableEvenABadOne) {
    const Outcome outcome = parse({"--grace", "1", "--on-end", "exit", "x"},
                                  {{"MUSTER_GRACE", "bad"}, {"MUSTER_ON_END", "rejoin"}});
    EXPECT_EQ(outcome.problem, "");
    EXPECT_EQ(outcome.options.grace, Millis(1'000));
    EXPECT_EQ(outcome.options.on_end, OnEnd::exit);
}

TEST(Args, AServiceLinkIsNoSetting) {
    const Outcome outcome = parse({"x"}, {{"MUSTER_GRACE", "tcp://10.96.0.7:8050"},
                                          {"MUSTER_ON_END", "tcp://10.96.0.7:8050"}});
    EXPECT_EQ(outcome.problem, "");
    EXPECT_EQ(outcome.options.grace, Millis(25'000));
    EXPECT_EQ(outcome.options.on_end, OnEnd::exit);
}

TEST(Args, Program) {
    const Outcome outcome = parse({"program", "--status", "/s", "--grace", "3", "--", "a b", "c"});
    EXPECT_EQ(outcome.problem, "");
    EXPECT_EQ(outcome.options.ask, Ask::program);
    EXPECT_EQ(outcome.status, "/s");
    EXPECT_EQ(outcome.options.grace, Millis(3'000));
    EXPECT_EQ(outcome.command, (Strings{"a b", "c"}));
    EXPECT_EQ(parse({"program", "--status=/s", "x"}, {{"MUSTER_GRACE", "9"}}).options.grace,
              Millis(9'000));
}

TEST(Args, HelpAndVersionNeedNoCommandAndForgiveTheRest) {
    EXPECT_EQ(parse({"--help"}).options.ask, Ask::help);
    EXPECT_EQ(parse({"-h"}).options.ask, Ask::help);
    EXPECT_EQ(parse({"program", "--help"}).options.ask, Ask::help);
    EXPECT_EQ(parse({"--version", "--nonsense"}).options.ask, Ask::version);
    EXPECT_EQ(parse({"--help"}, {{"MUSTER_GRACE", "bad"}}).options.ask, Ask::help);
    EXPECT_EQ(parse({"--help"}, {{"MUSTER_GRACE", "bad"}}).problem, "");
    EXPECT_EQ(parse({"x", "--help"}).options.ask, Ask::supervise);
}

TEST(Args, Refusals) {
    const std::pair<Strings, std::string_view> rows[] = {
        {{}, "no command to run"},
        {{"--"}, "no command to run"},
        {{""}, "no command to run"},
        {{"--grace"}, "--grace : must be a duration"},
        {{"--grace", "soon", "x"}, "--grace soon: must be a duration"},
        {{"--grace=", "x"}, "--grace= : must be a duration"},
        {{"--grace", "0", "x"}, "--grace 0: must be a duration"},
        {{"--graceful", "1", "x"}, "unknown flag --graceful"},
        {{"--on-end", "restart", "x"}, "--on-end restart: must be exit or rejoin"},
        {{"--on-end"}, "--on-end : must be exit or rejoin"},
        {{"--status", "/s", "x"}, "unknown flag --status"},
        {{"-g", "x"}, "unknown flag -g"},
        {{"-", "x"}, "unknown flag -"},
        {{"program", "x"}, "program: --status PATH is missing"},
        {{"program", "--status", "/s"}, "no command to run"},
        {{"program", "--status"}, "--status : must be the path"},
        {{"program", "--status=", "x"}, "--status= : must be the path"},
        {{"program", "--on-end", "exit", "--status", "/s", "x"}, "unknown flag --on-end"},
    };
    for (const auto& [words, problem] : rows) {
        EXPECT_TRUE(parse(words).problem.starts_with(problem)) << parse(words).problem;
    }
    EXPECT_EQ(parse({"x"}, {{"MUSTER_GRACE", "soon"}}).problem,
              "environment variable MUSTER_GRACE=soon: must be a duration such as 25, 25s, 500ms "
              "or 2m");
    EXPECT_EQ(parse({"x"}, {{"MUSTER_ON_END", "no"}}).problem,
              "environment variable MUSTER_ON_END=no: must be exit or rejoin");
}

TEST(Args, AnEmptyArgumentVectorIsRefusedToo) {
    char* none = nullptr;
    EXPECT_FALSE(parse_args(&none, look_up).problem.empty());
}

}  // namespace
}  // namespace muster::init
