// SPDX-License-Identifier: Apache-2.0
#include "muster/resources.hpp"

#include "commands.hpp"
#include "muster/bootstrap/facts.hpp"

namespace muster::commands {

Result<int> resources(Words words) {
    TRY_ASSIGN(const auto line, bootstrap::parse_command_line(words, environment()));
    if (line.help) return print_help("resources", {});
    if (!line.command.empty())
        return fail(Kind::usage, "resources takes no words, '{}' is one: see --help",
                    line.command.front());
    auto settings = line.settings;
    settings.config.reset();  // R is asked for, not what the user's TOML makes of it
    settings.mode = bootstrap::Mode::interactive;
    TRY_ASSIGN(const auto facts, bootstrap::gather_facts(settings, {}));
    TRY_ASSIGN(const auto plan, bootstrap::make_plan(settings, {}, facts));
    TRY(print(plan.resources_json));
    return 0;
}

}  // namespace muster::commands
