// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/controller/minicluster.hpp"
#include "muster/json.hpp"

namespace muster::controller {

/// What is known about a MiniCluster and what belongs to it, all as the API server has it.
struct Observed {
    json::Value minicluster;
    /// What there is under the names of wanted_names(), whosever it is. A Secret need not be here
    /// once its Job is.
    std::vector<json::Value> objects;
    /// Those that carry its instance label, in any order.
    std::vector<json::Value> pods;
    /// What the API server had against an object of this MiniCluster's just now, if it had
    /// anything.
    std::string refusal;
    /// What muster is installed from where spec.muster.image names nothing; empty: the default.
    std::string image = {};
};

enum class Verb {
    create,        ///< POST `object`
    patch,         ///< merge patch (RFC 7386) `object`
    patch_status,  ///< the same, of the subresource status
    remove,        ///< what `object` names, and in the background all that it owns
};

/// One request. apiVersion, kind, name and namespace of what it is about are in `object`, and where
/// something there is to be changed its uid, too, which makes the request fail for any other; so
/// does a resourceVersion of what is to be removed.
struct Action {
    Verb verb;
    json::Value object;
};

struct Decision {
    /// In this order, up to the first failure; none when all is as it should be.
    std::vector<Action> actions;
    /// When something will be late that nobody tells of: a pod that does not start.
    std::optional<WallTime> look_again;
};

/// What is to be done next. Pure, and level-based: the same observation always comes to the same
/// actions, and only what is, never what changed, decides. A Secret to be created has no
/// certificate yet.
Decision decide(const Observed& observed, WallTime now);

/// What goes with a MiniCluster that has been deleted, `last` being what was known about it: its
/// Job, and with that its pods, if nobody has changed it since (`kubectl delete --cascade=orphan`
/// does). The cluster's garbage collector would remove it, too; but that may be busy, and knows
/// nothing of MiniClusters in the first half minute after their definition was applied.
std::vector<Action> take_along(const Observed& last);

/// kind and name of an object.
struct ObjectName {
    std::string kind;
    std::string name;
    auto operator<=>(const ObjectName&) const = default;
};

/// What decide() wants to know about in the namespace of `minicluster`; nothing when that is
/// refused.
std::vector<ObjectName> wanted_names(const json::Value& minicluster);

/// Whether `object` is owned by what has this UID, and by nobody before it
/// (metadata.ownerReferences, controller).
bool is_owned_by(const json::Value& object, std::string_view uid);

}  // namespace muster::controller
