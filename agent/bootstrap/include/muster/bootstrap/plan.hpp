// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"
#include "muster/bootstrap/settings.hpp"
#include "muster/broker_config.hpp"
#include "muster/discovery/family.hpp"
#include "muster/discovery/identity.hpp"
#include "muster/resources.hpp"

namespace muster::bootstrap {

/// The TMPDIR of the broker. Without one Flux puts sockets into /tmp and the leader's state into
/// /var/tmp (flux-broker contract, section 7), of which a read-only root often has only the first.
enum class Temporary { unchanged, tmp, below_dir };

/// What the plan needs to know of this pod; gather_facts() looks, tests make it up.
struct LocalFacts {
    discovery::PodFacts pod;
    resources::Shape shape;  ///< what this pod may use
    Temporary temporary = Temporary::unchanged;
    std::string flux = "flux";                ///< the program to execute
    bool rehearsal = false;                   ///< that program is muster-rehearsal
    std::string muster_init = "muster-init";  ///< the program that runs the shim
    std::optional<broker_config::UserFile> user_config;
    std::vector<std::string> batch_lines;  ///< of the script, mode batch
};

/// The broker that this one connects to.
struct Parent {
    std::uint32_t rank = 0;
    std::string host;
    std::string name;  ///< to dial: fully qualified, or an address
    std::uint16_t port = 0;
};

/// Paths of one pod, all under `dir`; the same on every pod.
struct Paths {
    explicit Paths(const std::string& dir);
    std::string dir, curve_cert, broker_toml, resources, batch, status, leaving, explained, report,
        rundir, socket, temporary;
};

/// Everything that is decided before the world is touched. Holds no secret.
struct Plan {
    discovery::Identity identity;
    Paths paths{""};
    std::string certificate;                            ///< path that the broker reads
    bool certificate_is_ours = true;                    ///< false: the user's [bootstrap] names it
    std::optional<Parent> parent;                       ///< none on the leader
    discovery::Family family = discovery::Family::any;  ///< in which the broker will dial it
    bool listens = false;                               ///< it has children
    std::string bind;                                   ///< the URI where, then
    bool runs_program = false;                          ///< the leader's, under the shim
    std::uint32_t quorum = 1;
    std::string broker_toml;
    std::string resources_json;  ///< empty: the user's configuration gives R
    std::string batch_lines;     ///< what mode batch submits, a job a line; empty otherwise
    std::vector<std::string> argv;
    Environment environment;               ///< variables to set for the broker
    std::vector<std::string> directories;  ///< to create, mode 0700
    std::vector<std::string> notes;        ///< what the user should know, a sentence each

    bool is_leader() const { return !parent.has_value(); }
};

/// The settings that bear on identity.
discovery::IdentityRequest identity_request(const Settings& settings);

/// Settings + facts -> plan: pure, the same bytes for the same input. `command` is the leader's
/// program. Errors: usage, malformed, config.
Result<Plan> make_plan(const Settings& settings, const std::vector<std::string>& command,
                       const LocalFacts& facts);

/// For `muster plan`: text for people, or one JSON object. Never a secret.
std::string format_plan(const Plan& plan);
std::string format_plan_json(const Plan& plan);

}  // namespace muster::bootstrap
