// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/plan.hpp"

#include <array>

#include "commands.hpp"
#include "muster/bootstrap/facts.hpp"

namespace muster::commands {

Result<int> plan(Words words) {
    bool as_json = false;
    const std::array<bootstrap::ExtraFlag, 1> extra{
        {{"json", 0, false, "print one JSON object",
          [](void* target, std::string_view) -> Result<void> {
              *static_cast<bool*>(target) = true;
              return {};
          }}}};
    TRY_ASSIGN(const auto line,
               bootstrap::parse_command_line(words, environment(), extra, &as_json));
    if (line.help) return print_help("plan", extra);
    TRY_ASSIGN(auto facts, bootstrap::gather_facts(line.settings, line.command));
    if (line.settings.rank)
        facts.pod = discovery::imagine_pod(facts.pod, bootstrap::identity_request(line.settings),
                                           *line.settings.rank);
    TRY_ASSIGN(const auto made, bootstrap::make_plan(line.settings, line.command, facts));
    TRY(print(as_json ? bootstrap::format_plan_json(made) : bootstrap::format_plan(made)));
    return 0;
}

}  // namespace muster::commands
