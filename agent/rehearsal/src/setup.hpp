// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "muster/base/environment.hpp"
#include "muster/broker_config.hpp"
#include "muster/resources.hpp"
#include "overlay_types.hpp"
#include "schedule.hpp"

namespace muster::rehearsal {

/// Everything that a broker knows before it opens a socket.
struct Setup {
    Attributes attributes;  ///< as given, and what was found out: rank, size, hostname, ...
    std::string hostname;
    OverlayOptions overlay;
    std::vector<broker_config::Peer> peers;  ///< empty for a singleton
    std::string curve_cert;                  ///< path
    broker_config::Resource resource;
    BrokerLog::Mode log_mode = BrokerLog::Mode::leader;
    int log_level = 3;
    Rank quorum = 1;
    std::optional<std::chrono::milliseconds> quorum_warn;  ///< none: no warning
    std::optional<std::chrono::milliseconds> cleanup_timeout;
    std::optional<std::chrono::milliseconds> shutdown_timeout;

    Rank rank() const { return overlay.rank; }
    Rank size() const { return overlay.tree.size(); }
    /// What Flux would refuse later than bootstrap, by the module whose table it is.
    struct Refusal {
        std::string table;  ///< "tbon", "resource", "heartbeat", ...
        std::string text;   ///< as the module logs it
    };
    std::vector<Refusal> refusals;
    const Refusal* refusal(std::string_view table) const;

    std::string attribute(const std::string& name, std::string_view otherwise = "") const;
};

/// The name that this broker goes by: attribute hostname (Flux from 0.82), FLUX_FAKE_HOSTNAME
/// (before), gethostname(2).
std::string choose_hostname(const Attributes& attributes, const Environment& environment);

/// Reads the configuration file, or the *.toml files of a directory, as strictly as Flux, and finds
/// this broker's place in it. Errors: config and malformed; the text is what Flux logs as
/// broker.crit. What modules of Flux would refuse afterwards is left in `refusals`.
Result<Setup> load_setup(const BrokerArguments& arguments, const std::string& hostname,
                         std::string version);

/// R from [resource] in the configuration, in the order of the ranks; nothing when it configures
/// none. Errors: config; the text is what Flux logs as resource.err.
Result<std::optional<resources::R>> load_R(const Setup& setup);

/// What `r` says of every rank, and which of them are excluded; empty without R. Errors: as above.
Result<std::vector<Node>> load_nodes(const Setup& setup, const std::optional<resources::R>& r);

}  // namespace muster::rehearsal
