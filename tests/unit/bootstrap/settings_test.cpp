// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/fd.hpp"

namespace muster::bootstrap {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<CommandLine> parse(std::vector<std::string> words, const Environment& environment = {}) {
    return parse_command_line(words, environment);
}

TEST(Settings, FlagsAndVariablesAreOneTable) {
    const auto by_flag = parse({"--size", "4", "--max-size=8", "--port", "9000", "--wait", "90s",
                                "--mode", "batch-raw", "--ip=6"});
    const auto by_variable = parse({}, {{"MUSTER_SIZE", "4"},
                                        {"MUSTER_MAX_SIZE", "8"},
                                        {"MUSTER_PORT", "9000"},
                                        {"MUSTER_WAIT", "90s"},
                                        {"MUSTER_MODE", "batch-raw"},
                                        {"MUSTER_IP", "6"}});
    for (const auto* line : {&by_flag, &by_variable}) {
        ASSERT_TRUE(*line) << line->error().message;
        const auto& settings = (*line)->settings;
        EXPECT_EQ(settings.size, 4u);
        EXPECT_EQ(settings.max_size, 8u);
        EXPECT_EQ(settings.port, 9000);
        EXPECT_EQ(settings.wait, 90s);
        EXPECT_EQ(settings.mode, Mode::batch_raw);
        EXPECT_EQ(settings.ip, IpFamily::ipv6);
    }
}

TEST(Settings, EveryRowHasAVariableAndIsInTheHelp) {
    const auto help = format_settings_help();
    const auto page = format_settings_reference();
    for (const auto& row : setting_rows()) {
        EXPECT_THAT(help, HasSubstr("--" + std::string(row.name)));
        EXPECT_THAT(page, HasSubstr(variable_name(row.name)));
    }
    EXPECT_EQ(variable_name("max-size"), "MUSTER_MAX_SIZE");
}

TEST(Settings, TheReferencePageIsWhatTheTableSays) {
    // On a difference: muster help settings --markdown > agent/bootstrap/SETTINGS.md
    EXPECT_EQ(read_file(MUSTER_SOURCE_DIR "/agent/bootstrap/SETTINGS.md").value_or(""),
              format_settings_reference());
}

TEST(Settings, FlagsWinOverVariables) {
    EXPECT_EQ(parse({"--size=2"}, {{"MUSTER_SIZE", "4"}})->settings.size, 2u);
    EXPECT_THAT(parse({"--option", "a=1", "--option=b=2"}, {{"MUSTER_OPTION", "c=3\nd=4"}})
                    ->settings.options,
                ElementsAre("a=1", "b=2"));
    EXPECT_THAT(parse({}, {{"MUSTER_OPTION", "c=3\nd=4"}})->settings.options,
                ElementsAre("c=3", "d=4"));
}

TEST(Settings, TheCommandIsKeptAsItIs) {
    const std::vector<std::string> command{"sh", "-c", "echo \"$A\" 'b'\n", "", "--size", "ü"};
    auto words = command;
    words.insert(words.begin(), {"--size=2", "--"});
    EXPECT_EQ(parse(words)->command, command);
    EXPECT_THAT(parse({"--size", "2", "prog", "--size", "9"})->command,
                ElementsAre("prog", "--size", "9"));
    EXPECT_THAT(parse({"--", "--"})->command, ElementsAre("--"));
}

TEST(Settings, ServiceLinksAreNoSettings) {
    const auto line = parse({}, {{"MUSTER_PORT", "tcp://10.0.0.1:8050"},
                                 {"MUSTER_PORT_8050_TCP", "tcp://10.0.0.1:8050"},
                                 {"MUSTER_PORT_8050_TCP_ADDR", "10.0.0.1"},
                                 {"MUSTER_SERVICE_HOST", "10.0.0.1"},
                                 {"MUSTER_SERVICE_PORT", "8050"}});
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(line->settings.port, 8050);
    EXPECT_THAT(line->warnings, IsEmpty());
}

TEST(Settings, AMisspeltVariableIsSaid) {
    const auto line = parse({}, {{"MUSTER_SZIE", "4"}});
    ASSERT_TRUE(line);
    EXPECT_THAT(line->warnings, ElementsAre(HasSubstr("MUSTER_SZIE")));
}

struct Refusal {
    std::vector<std::string> words;
    Environment environment;
    const char* text;
};

TEST(Settings, RefusesBadValuesInOneSentence) {
    const Refusal refusals[] = {
        {{"--nope"}, {}, "unknown flag '--nope'"},
        {{"--szie", "4"}, {}, "did you mean --size?"},
        {{"--nn", "4"}, {}, "unknown flag '--nn': see --help"},
        {{"-x"}, {}, "unknown flag '-x'"},
        {{"--size"}, {}, "flag '--size' needs a value"},
        {{"--size", "0"}, {}, "--size: '0' is not a number from 1"},
        {{"--size", "-1"}, {}, "--size: '-1' is not a number"},
        {{"--size", "4x"}, {}, "--size: '4x'"},
        {{"--size", "99999999999999999999"}, {}, "--size: '99999999999999999999'"},
        {{}, {{"MUSTER_SIZE", "four"}}, "MUSTER_SIZE: 'four' is not a number"},
        {{"--port", "65536"}, {}, "--port: '65536'"},
        {{"--dns", "10.0.0.1:65536"}, {}, "--dns: '10.0.0.1:65536' has no port from 1 to 65535"},
        {{"--dns", "10.0.0.1,[::1]:0"}, {}, "--dns: '[::1]:0' has no port"},
        {{"--dns", "10.0.0.1:"}, {}, "--dns: '10.0.0.1:' has no port"},
        {{"--port", "0"}, {}, "--port: '0'"},
        {{"--mode", "fast"},
         {},
         "--mode: 'fast' is none of submit, launcher, batch, batch-raw, interactive"},
        {{"--ip", "5"}, {}, "--ip: '5' is none of auto, 4, 6"},
        {{"--wait", "soon"}, {}, "--wait: 'soon' is no duration"},
        {{"--wait", "0"}, {}, "--wait: '0' is no time at all"},
        {{"--wait", "inf"}, {}, "--wait: 'inf' is longer than ten years"},
        {{"--option", "novalue"}, {}, "--option: 'novalue' is not NAME=VALUE"},
        {{"--flags", "'open"}, {}, "quote"},
        {{"--dir", ""}, {}, "--dir: the value is empty"},
        {{"--on-end", "again"}, {}, "--on-end: 'again' is none of exit, rejoin"},
    };
    for (const auto& refusal : refusals) {
        const auto line = parse(refusal.words, refusal.environment);
        ASSERT_FALSE(line) << refusal.text;
        EXPECT_EQ(line.error().kind, Kind::usage) << line.error().message;
        EXPECT_THAT(line.error().message, HasSubstr(refusal.text));
        EXPECT_EQ(line.error().message.find('\n'), std::string::npos);
    }
}

TEST(Settings, NameServersWithPortsAndWithout) {
    for (const std::string dns : {"10.0.0.1", "10.0.0.1:65535", "::1", "fd00::53", "[fd00::53]",
                                  "[fd00::53]:1", "10.0.0.1:53,::1,10.0.0.2"})
        EXPECT_EQ(parse({"--dns", dns}).value().settings.dns, dns);
}

TEST(Settings, ExtraFlagsOfACommandAreParsedWithThem) {
    int count = 0;
    const ExtraFlag extra[] = {
        {"number", 'n', true, "", [](void* target, std::string_view text) -> Result<void> {
             *static_cast<int*>(target) = static_cast<int>(text.size());
             return {};
         }}};
    const std::vector<std::string> words{"-n", "123", "--size=2", "prog"};
    const auto line = parse_command_line(words, {}, extra, &count);
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(count, 3);
    EXPECT_EQ(line->settings.size, 2u);
    EXPECT_TRUE(parse_command_line(std::vector<std::string>{"--help"}, {})->help);
}

}  // namespace
}  // namespace muster::bootstrap
