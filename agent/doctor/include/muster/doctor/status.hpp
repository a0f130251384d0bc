// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/doctor/broker.hpp"
#include "muster/doctor/pod.hpp"

namespace muster::doctor {

/// A rank, as the broker and its pod's report tell it.
struct RankStatus {
    OverlayNode node;
    std::optional<ResourceLine> resources;
    std::optional<resources::Shape> r;    ///< what R gives it
    std::optional<resources::Shape> pod;  ///< what its pod may use, by its own report
    json::Value report;                   ///< JSON null: none came
    bool silent = false;                  ///< online, and nothing came from it in time

    /// The pod has less than R says.
    bool too_small() const;
};

struct InstanceStatus {
    Uptime uptime;
    std::vector<RankStatus> ranks;  ///< ascending

    Idset silent() const;
    /// What to say of the silent ranks after `limit`; nothing where there is none.
    std::optional<Error> trouble(Duration limit) const;
};

/// What to say of online ranks that did not answer within `limit`; `hosts` are theirs.
Error describe_silence(const Idset& ranks, const Hostlist& hosts, Duration limit);

/// What the answers say of every rank; `reports` is the output of `flux exec -l` that read
/// report.json. `cut_short`: it did not end in time, for it waits for a rank that does not answer.
/// Pure.
InstanceStatus make_status(const BrokerView& view, std::string_view reports,
                           bool cut_short = false);

/// Asks this pod's broker, and by it every other pod for its report, each for at most `limit`.
/// Errors: that of judge_broker(), where no broker answers or it has not joined.
Result<InstanceStatus> look_at_instance(const Pod& pod, Duration limit, const Clock& clock);

std::string format_status(const InstanceStatus& status);
/// Schema: tests/data/schema/status.schema.json.
json::Value to_json(const InstanceStatus& status);

}  // namespace muster::doctor
