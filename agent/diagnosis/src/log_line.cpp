// SPDX-License-Identifier: Apache-2.0
#include "muster/base/broker_log.hpp"
#include "muster/diagnosis.hpp"

namespace muster::diagnosis {
std::optional<LogLine> parse_log_line(std::string_view line) {
    if (has_priority(line)) line.remove_prefix(3);
    if (const auto parsed = find_broker_line(line))
        return LogLine{parsed->origin, parsed->severity, parsed->message};
    for (const std::string_view early : {"broker: ", "flux-broker: "})
        if (line.starts_with(early))
            return LogLine{line.substr(0, early.size() - 2), 2, line.substr(early.size())};
    // "job.exception: type=..." or, from flux run, "0.083s: job.exception ID type=...".
    if (const auto at = line.find("job.exception"); at != line.npos)
        if (const auto type = line.find(" type=", at); type != line.npos)
            return LogLine{line.substr(at, 13), 3, line.substr(type + 1)};
    for (const std::string_view loader :
         {": error while loading shared libraries: ", ": symbol lookup error: "})
        if (const auto at = line.find(loader); at != line.npos)
            return LogLine{line.substr(0, at), 2, line.substr(at + 2)};
    return {};
}

}  // namespace muster::diagnosis
