// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/bootstrap/plan.hpp"
#include "muster/doctor/diagnosis.hpp"
#include "muster/doctor/flux.hpp"
#include "muster/doctor/words.hpp"
#include "muster/resources.hpp"

namespace muster::doctor {

/// What this pod's broker says of itself and of the instance, and what its end left behind.
struct BrokerView {
    Socket socket;
    std::string path;                  ///< of the socket
    std::optional<Uptime> uptime;      ///< none: it did not answer
    std::string complaint;             ///< then: why
    std::optional<Error> not_asked;    ///< flux could not be started
    bool alive = false;                ///< it answers for itself; what is missing is its leader's
    std::vector<OverlayNode> overlay;  ///< empty: not known
    std::vector<ResourceLine> resources;  ///< empty: not known
    std::optional<resources::R> r;
    /// Of this broker's children: count_reconnects() of its log.
    std::map<std::uint32_t, std::uint32_t> reconnects;
    bool parent_reached = false;  ///< its gates were tried and are open; false: not known
    // In the directory of `muster run`:
    bool planned = false;             ///< it has written its files
    std::string flux;                 ///< what became the broker, of report.json; empty: not known
    std::string program_status;       ///< "exit 3", "signal 9"; empty: the program has not ended
    std::optional<Error> run_failed;  ///< why `muster run` ended, of report.json
    std::string explained;            ///< what `muster explain` said of the last broker's end
    bool leaving = false;             ///< `muster leave` was here
};

enum class Depth {
    state,    ///< the broker's own state: quick, also where a thousand pods are asked
    instance  ///< also overlay and resources
};

/// The state of the broker that is asked, or by `on` ({"exec", "-r", "0", ...}) of another. Flux
/// 0.88's `flux uptime` crashes where the user has no passwd entry; the broker's log says it then.
/// `complaint`: what flux said where there is no answer.
std::optional<Uptime> ask_state(const Flux& flux, const Command& on, Duration limit,
                                const Clock& clock, std::string& complaint);

/// Asks the broker through its socket, each question for at most `limit`.
BrokerView look_at_broker(const Flux& flux, const bootstrap::Paths& paths, Depth depth,
                          Duration limit, const Clock& clock);

/// Whether `muster run` could write its files; a failure is what it ends with before its gates.
Step look_at_directory(const bootstrap::Paths& paths);

/// The broker's step: whether this pod takes part in a running instance, and if not, why. Pure.
Step judge_broker(const BrokerView& view, const bootstrap::Plan& plan);

/// Refuses a pod without a broker that listens, with what judge_broker() says of it.
Result<void> check_broker_listens(const Flux& flux, const bootstrap::Plan& plan);
/// Refuses one in which there never was one, and none is about to be.
Result<void> check_run_was_here(const Flux& flux, const bootstrap::Plan& plan);

/// The resources' step: whether this rank gets jobs, and whether the pod has what R says. `shape`
/// is what this pod may use; `given`: the settings say what R says, against hwloc. Pure.
Step judge_resources(const BrokerView& view, std::uint32_t rank, const resources::Shape& shape,
                     bool given);

/// What to know of other ranks: who is lost, absent or drained. Pure.
std::vector<std::string> notes_on_others(const BrokerView& view, const bootstrap::Plan& plan);

}  // namespace muster::doctor
