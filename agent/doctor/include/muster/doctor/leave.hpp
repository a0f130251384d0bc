// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "muster/doctor/broker.hpp"
#include "muster/doctor/pod.hpp"

namespace muster::doctor {

/// The reason with which a leaving rank is drained.
inline constexpr std::string_view leave_reason = "muster leave";

/// How a leave ended.
struct LeaveOutcome {
    enum class What {
        left,     ///< drained, its jobs have ended; the pod may go
        busy,     ///< drained, but jobs still run: they fail when the pod goes
        ending,   ///< the whole instance ends: nothing was changed, or it was changed back
        nothing,  ///< there is no broker to drain
        failed    ///< it could not be drained
    };
    What what = What::nothing;
    std::string text;
    std::optional<Error> error;  ///< of a leave that failed
};
std::string_view format(LeaveOutcome::What what);

/// Where a wait for the jobs of a drained rank stands. Pure.
enum class LeaveProgress { waiting, done, ending };
LeaveProgress judge_leave(const std::optional<Uptime>& leader, const std::optional<Uptime>& own,
                          const std::vector<ResourceLine>& lines, std::uint32_t rank);

/// The preStop of a pod that goes for good: drains this rank, marks it as leaving (muster-init then
/// passes SIGTERM on at once), lets the leader undrain it as soon as it is gone, and waits for its
/// jobs for at most `limit`. Returns at once on the leader and when the instance ends.
LeaveOutcome leave(const Pod& pod, Duration limit, const Clock& clock);

/// The leader's part: waits until `rank` is not online any more and undrains it, if it is still
/// drained for leaving; so it gets jobs when it comes back. Gives up after `limit`, and when the
/// broker is gone. Errors: unavailable, with what flux said.
Result<void> undrain_when_gone(const Flux& flux, std::uint32_t rank, Duration limit,
                               const Clock& clock);

}  // namespace muster::doctor
