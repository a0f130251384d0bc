// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "commands.hpp"

namespace muster::commands {
namespace {

std::string commands_help() {
    std::string text = "muster: Flux in pods\n\nusage:\n";
    for (const auto& row : table())
        text += fmt::format("  muster {:<10} {:<46} {}\n", row.name, row.usage, row.meaning);
    return text +
           "\nEvery flag --NAME is also a variable MUSTER_NAME; see 'muster help settings'.\n";
}

std::string exit_codes_help() {
    std::string text = "  code  name            meaning; mend\n";
    for (const auto& row : exit_codes())
        text += fmt::format("  {:>4}  {:<14}  {}; {}\n", row.code, row.name, row.meaning, row.mend);
    return text + " 128+n  signal          the program, or the broker, was ended by signal n\n";
}

// Who the ranks are, and what each has.
constexpr std::array<std::string_view, 12> of_resources{
    "name",   "rank",  "size",           "max-size", "service", "namespace",
    "domain", "hosts", "ordinals-start", "cores",    "gpus",    "resources",
};

bool uses(std::string_view command, std::string_view setting) {
    if (command == "explain") return false;
    if (command == "up") return is_for_up(setting);
    if (command == "resources")
        return std::find(of_resources.begin(), of_resources.end(), setting) != of_resources.end();
    return true;
}

}  // namespace

Result<int> help(Words words) {
    const std::string topic = words.empty() ? "" : words.front();
    const bool markdown = std::find(words.begin(), words.end(), "--markdown") != words.end();
    if (topic.empty() || topic == "--help") {
        TRY(print(commands_help()));
    } else if (topic == "settings") {
        TRY(print(markdown ? bootstrap::format_settings_reference()
                           : bootstrap::format_settings_help()));
    } else if (topic == "exit-codes") {
        TRY(print(exit_codes_help()));
    } else {
        const auto rows = table();
        const auto command = std::find_if(
            rows.begin(), rows.end(), [&topic](const Command& row) { return row.name == topic; });
        if (command == rows.end())
            return fail(Kind::usage, "no help on '{}': try 'muster help'", topic);
        const std::array<std::string, 1> ask{"--help"};
        return command->run(ask);
    }
    return 0;
}

int print_help(std::string_view command, std::span<const bootstrap::ExtraFlag> extra,
               std::string_view note) {
    const auto rows = table();
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [command](const Command& r) { return r.name == command; });
    std::string text =
        fmt::format("usage: muster {} {}\n{}\n", command, row == rows.end() ? "" : row->usage,
                    row == rows.end() ? "" : row->meaning);
    if (!extra.empty()) text += "\nflags of this command:\n";
    for (const auto& flag : extra) {
        const auto letter = flag.letter != 0 ? fmt::format(", -{}", flag.letter) : "";
        text += fmt::format(
            "  {:<32} {}\n",
            fmt::format("--{}{}{}", flag.name, letter, flag.takes_value ? " VALUE" : ""),
            flag.meaning);
    }
    const auto settings = bootstrap::format_settings_help(
        [command](std::string_view setting) { return uses(command, setting); });
    if (!settings.empty())
        text += "\nsettings, each also a variable (--max-size is MUSTER_MAX_SIZE) [default]:\n" +
                settings;
    text += note;
    return print(text) ? 0 : exit_code(Kind::io);
}

}  // namespace muster::commands
