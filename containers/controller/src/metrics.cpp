// SPDX-License-Identifier: Apache-2.0
#include "metrics.hpp"

#include <fmt/format.h>

namespace muster::controller {
namespace {

void add(std::string& page, std::string_view name, std::string_view type, std::string_view help,
         std::uint64_t value) {
    page += fmt::format(
        "# HELP muster_controller_{0} {2}\n# TYPE muster_controller_{0} {1}\n"
        "muster_controller_{0} {3}\n",
        name, type, help, value);
}

}  // namespace

std::string format_metrics(const kube::Client& client, const Controller* controller) {
    std::string page;
    add(page, "leader", "gauge", "Whether this controller acts.", controller != nullptr ? 1 : 0);
    add(page, "api_connections_total", "counter", "Connections to the API server.",
        client.connections());
    page +=
        "# HELP muster_controller_api_requests_total Answers of the API server; code 0: none "
        "came.\n"
        "# TYPE muster_controller_api_requests_total counter\n";
    for (const auto& [what, count] : client.counters())
        page +=
            fmt::format("muster_controller_api_requests_total{{method=\"{}\",code=\"{}\"}} {}\n",
                        what.first, what.second, count);
    if (controller == nullptr) return page;
    const auto& counts = controller->counts();
    add(page, "miniclusters", "gauge", "MiniClusters that are looked after.",
        controller->miniclusters());
    add(page, "queue_length", "gauge", "MiniClusters that wait for a look.", controller->waiting());
    add(page, "passes_total", "counter", "Looks at a MiniCluster.", counts.passes);
    add(page, "failures_total", "counter", "Looks that were cut short and come again.",
        counts.failures);
    add(page, "writes_total", "counter", "Objects created, changed or deleted.", counts.writes);
    return page;
}

}  // namespace muster::controller
