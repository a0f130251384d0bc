// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/bootstrap/settings.hpp"

namespace muster::commands {

/// The words after the command's name.
using Words = std::span<const std::string>;

/// A row of the command table: its function goes from words to an exit code, or an error that
/// main() prints.
struct Command {
    std::string_view name;
    std::string_view usage;  ///< after "muster NAME"
    std::string_view meaning;
    Result<int> (*run)(Words words);
};

std::span<const Command> table();

Result<int> check(Words words);
Result<int> explain(Words words);
Result<int> help(Words words);
Result<int> install(Words words);
Result<int> keygen(Words words);
Result<int> leave(Words words);
Result<int> peers(Words words);
Result<int> plan(Words words);
Result<int> probe(Words words);
Result<int> resources(Words words);
Result<int> run(Words words);
Result<int> status(Words words);
Result<int> timeline(Words words);
Result<int> up(Words words);

/// What a command prints with --help: usage line, its own flags, the settings that it uses, and
/// `note`.
int print_help(std::string_view command, std::span<const bootstrap::ExtraFlag> extra,
               std::string_view note = "");

/// Whether `up` takes the setting: each pod has its own name and addresses from it.
bool is_for_up(std::string_view setting);

/// Writes to standard output; a closed pipe is an error like any other. Errors: io.
Result<void> print(std::string_view text);

}  // namespace muster::commands
