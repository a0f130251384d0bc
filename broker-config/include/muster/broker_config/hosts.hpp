// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/hostlist.hpp"
#include "muster/base/result.hpp"
#include "muster/broker_config/topology.hpp"

namespace muster::broker_config {

/// Line of a file that a value was read from, 0 when it was made by us. Only errors look at it, so
/// all lines compare equal.
struct Line {
    unsigned number = 0;
    bool operator==(const Line&) const { return true; }
};

/// An entry of `bootstrap.hosts` (flux-config-bootstrap(5)). `bind` and `connect` are URIs in which
/// %h stands for the host, %p for default_port and %% for a percent sign.
struct HostEntry {
    std::string host;  ///< RFC 29 hostlist
    std::optional<std::string> bind = {};
    std::optional<std::string> connect = {};
    std::optional<std::string> parent = {};  ///< name of one host; without it rank 0
    Line line = {};

    bool operator==(const HostEntry&) const = default;
};

/// The table [bootstrap].
struct Bootstrap {
    std::optional<std::string> curve_cert =
        {};  ///< path; required when there is more than one host
    std::optional<std::uint16_t> default_port = {};
    std::optional<std::string> default_bind = {};
    std::optional<std::string> default_connect = {};
    bool enable_ipv6 = false;
    std::vector<HostEntry> hosts = {};  ///< in rank order; empty means a singleton
    std::string file = {};              ///< where it was read from, for errors; not compared
    Line line = {};                     ///< of its `hosts`

    bool operator==(const Bootstrap& other) const;
};

/// One broker, as Flux derives it from [bootstrap].
struct Peer {
    std::uint32_t rank;
    std::string host;
    std::optional<std::string> bind = {};      ///< URI to listen on, tokens replaced
    std::optional<std::string> connect = {};   ///< URI that its children dial, tokens replaced
    std::optional<std::uint32_t> parent = {};  ///< none for rank 0

    bool operator==(const Peer&) const = default;
};

/// The brokers in rank order, by Flux's two passes: expand every hostlist and merge repeated hosts
/// (the first mention gives the rank, later ones only add missing keys); then replace tokens and
/// validate names (RFC 1035), URIs (tcp:// or ipc://, no port wildcard) and parents. Empty when
/// there are no hosts: the broker is then a singleton. Errors: config, "FILE:LINE: KEY: reason"
/// with Flux's reason. Stricter than Flux in one thing: %p needs a default_port (Flux would make it
/// port 65535).
Result<std::vector<Peer>> resolve_hosts(const Bootstrap& bootstrap);

/// The rank of the host named exactly `hostname`. Errors: config, as Flux: "X not found in hosts".
Result<std::uint32_t> rank_of(std::span<const Peer> peers, std::string_view hostname);

/// What Flux finds out only once brokers run: `hostname` is one of `peers`, there is a curve_cert
/// if there is more than one, and every broker with children has a bind and a connect URI. Ask it
/// before exec when [bootstrap] is the user's. Errors: config, with Flux's reason.
Result<void> check_bootstrap(const Bootstrap& bootstrap, std::span<const Peer> peers,
                             std::string_view hostname);

/// URIs of one broker that differ from default_bind and default_connect.
struct HostOverride {
    std::uint32_t rank;
    std::optional<std::string> bind = {};
    std::optional<std::string> connect = {};
};

/// The shortest list of entries in which `hosts` keep their ranks and have the parents of
/// `topology`. No host is ever repeated: before 0.81 Flux lost the `parent` of a repeated one.
/// Hosts next to each other with the same parent and URIs share an entry; children of rank 0 have
/// no `parent`, the default. `overrides` in ascending rank order, ranks below hosts.size().
std::vector<HostEntry> make_host_entries(const Hostlist& hosts, const Topology& topology,
                                         std::span<const HostOverride> overrides = {});

}  // namespace muster::broker_config
