// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/broker_config/hosts.hpp"

namespace muster::broker_config {

/// The table [tbon] (flux-config-tbon(5)); durations are RFC 23 texts.
struct Tbon {
    std::optional<std::string> topo =
        {};  ///< read for the stand-in broker; never written by muster
    std::optional<std::string> connect_timeout = {};
    std::optional<std::string> tcp_user_timeout = {};
    std::optional<std::string> torpid_min = {};
    std::optional<std::string> torpid_max = {};

    bool operator==(const Tbon&) const = default;
};

/// The table [heartbeat] (0.72 and later; ignored before); durations are RFC 23 texts.
struct Heartbeat {
    std::optional<std::string> period = {};
    std::optional<std::string> timeout = {};
    std::optional<std::int64_t> warn_thresh = {};

    bool operator==(const Heartbeat&) const = default;
};

/// An entry of [[resource.config]] (flux-config-resource(5)).
struct ResourceEntry {
    std::string hosts;                      ///< RFC 29 hostlist
    std::optional<std::string> cores = {};  ///< RFC 22 idset
    std::optional<std::string> gpus = {};   ///< RFC 22 idset
    std::vector<std::string> properties = {};

    bool operator==(const ResourceEntry&) const = default;
};

/// The table [resource]. `config`, when not empty, wins over `path`.
struct Resource {
    std::optional<std::string> path = {};     ///< R as JSON (RFC 20)
    std::optional<std::string> exclude = {};  ///< idset of ranks, or hostlist
    std::optional<bool> noverify = {};
    std::optional<bool> norestrict = {};
    std::vector<ResourceEntry> config = {};

    bool operator==(const Resource&) const = default;
};

/// What one broker reads as configuration, as far as muster and its stand-in broker care. Tables
/// that are only checked (access, policy, queues, exec, ...) are not in it; merge() carries them
/// through.
struct BrokerConfig {
    std::optional<Bootstrap> bootstrap = {};
    Tbon tbon;
    Heartbeat heartbeat;
    Resource resource;
    std::optional<std::string> queue_policy = {};  ///< of [sched-fluxion-qmanager]

    bool operator==(const BrokerConfig&) const = default;
};

/// resolve_hosts() of [bootstrap], with the parents of `tbon.topo` where that is set to anything
/// but "custom": it wins over `parent` keys, in Flux too. Empty without [bootstrap] or hosts.
Result<std::vector<Peer>> resolve_hosts(const BrokerConfig& config);

/// TOML of `config`, written by a library; parse() gives the same model back. Only keys that every
/// Flux from 0.51 to 0.88 accepts are written for what make_config() sets.
std::string format(const BrokerConfig& config);

/// Reads `text`, called `file` in errors, with the strictness of Flux 0.88: unknown keys are fatal
/// in [bootstrap], hosts entries, [resource], [[resource.config]], [resource.verify], [access],
/// [heartbeat], [queues.*], [policy] and [sched-fluxion-*], and ignored elsewhere.
/// Errors: malformed, "FILE:LINE: reason", for TOML that cannot be read (syntax, keys given twice);
/// config, "FILE:LINE: KEY: reason" with Flux's reason, for what Flux would refuse.
Result<BrokerConfig> parse(std::string_view text, std::string_view file);

/// A configuration file of the user: its text, and the name that errors give it.
struct UserFile {
    std::string file;
    std::string text;
};

/// A merged configuration and what the caller must know about it.
struct Merged {
    std::string text;            ///< the TOML to write
    BrokerConfig config;         ///< the same, read back
    bool own_bootstrap = false;  ///< [bootstrap] is the user's: check_bootstrap(), certificate, R
    bool own_resources = false;  ///< resource.path or [[resource.config]] is the user's: check R
    std::vector<std::string> queues = {};  ///< names of [queues.*]; they start stopped, the leader
                                           ///< must start them
};

/// `user`, in this order, on top of `ours`: tables merge, keys override, arrays are replaced, as
/// Flux merges the files of a directory. A [bootstrap] of the user replaces ours as a whole.
/// Errors: those of parse(), with the user's file and line; `tbon.topo` is refused in favour of
/// --topology. Without `user` it is format(ours), unchecked: ours is right by construction.
Result<Merged> merge(const BrokerConfig& ours, std::span<const UserFile> user);

/// Whether a broker attribute of the user (-S name=value) may be passed on. Errors: usage, for
/// those that would change the tree, the rank or the size behind our back: tbon.topo, tbon.fanout,
/// rank, size, hostlist, hostname, broker.boot-method; each with its mend.
Result<void> check_attribute(std::string_view name);

}  // namespace muster::broker_config
