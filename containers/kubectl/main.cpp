// SPDX-License-Identifier: Apache-2.0
// The command table of `kubectl muster`.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "commands.hpp"
#include "muster/base/fd.hpp"
#include "muster/log.hpp"

namespace {

using namespace muster;

struct Command {
    std::string_view name;
    std::string_view usage;
    std::string_view meaning;
    Result<int> (*run)(kubectl::Words words);
};

constexpr std::array table{
    Command{"inject", "[FLAGS] [FILE]",
            "add muster to a Job, StatefulSet, JobSet or LeaderWorkerSet",
            &kubectl::inject_command},
};

Result<int> help() {
    std::string text = "usage: kubectl muster COMMAND ...\n\n";
    for (const auto& row : table)
        text += fmt::format("  {} {}\n      {}\n", row.name, row.usage, row.meaning);
    TRY(within("standard output", write_all(STDOUT_FILENO, text)));
    return 0;
}

Result<int> dispatch(const std::vector<std::string>& words) {
    if (words.empty()) return fail(Kind::usage, "no command: try 'kubectl muster help'");
    const auto& name = words.front();
    if (name == "help" || name == "--help" || name == "-h") return help();
    if (name == "version" || name == "--version") {
        TRY(write_all(STDOUT_FILENO, "kubectl-muster " MUSTER_VERSION "\n"));
        return 0;
    }
    const auto command = std::find_if(table.begin(), table.end(),
                                      [&name](const auto& row) { return row.name == name; });
    if (command == table.end())
        return fail(Kind::usage, "unknown command '{}': try 'kubectl muster help'", name);
    return within(name, command->run(std::span(words).subspan(1)));
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    const auto result = dispatch(words);
    if (result) return *result;
    log::configure("kubectl-muster", log::Level::info);
    log::error("{}", result.error().message);
    return exit_code(result.error().kind);
}
