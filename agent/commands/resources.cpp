// SPDX-License-Identifier: Apache-2.0
#include "muster/resources.hpp"

#include "commands.hpp"
#include "muster/bootstrap/facts.hpp"
#include "muster/log.hpp"

namespace muster::commands {
namespace {

/// R has a name for every rank and needs no more of an identity: where nothing tells the names,
/// they are made up.
Result<bootstrap::Plan> plan_of_any_names(bootstrap::Settings settings,
                                          const bootstrap::LocalFacts& facts) {
    auto made = bootstrap::make_plan(settings, {}, facts);
    const auto ranks = settings.max_size.value_or(settings.size.value_or(1));
    if (made || made.error().kind != Kind::config || settings.hosts || ranks == 1) return made;
    settings.hosts = fmt::format("muster-[0-{}]", ranks - 1);
    settings.rank = settings.rank.value_or(0);
    settings.size = settings.max_size = ranks;
    made = bootstrap::make_plan(settings, {}, facts);
    if (!made) return made;
    log::info("the pods' names are not known, R calls them {}: --hosts (MUSTER_HOSTS) names them",
              *settings.hosts);
    return made;
}

}  // namespace

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
    TRY_ASSIGN(const auto plan, plan_of_any_names(settings, facts));
    TRY(print(plan.resources_json));
    return 0;
}

}  // namespace muster::commands
