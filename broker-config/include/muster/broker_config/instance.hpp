// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/hostlist.hpp"
#include "muster/broker_config/config.hpp"
#include "muster/broker_config/topology.hpp"

namespace muster::broker_config {

/// What muster always writes, and why: broker-config/README.md, "Always emitted".
inline constexpr std::string_view connect_timeout = "2s";
inline constexpr std::string_view tcp_user_timeout = "20s";
inline constexpr std::string_view heartbeat_timeout = "1m";

/// What a plan knows about the instance; all brokers have the same.
struct Instance {
    Hostlist hosts;  ///< all that are configured, in rank order, none twice
    Topology topology = {};
    std::string curve_cert;  ///< path
    std::uint16_t port = 8050;
    std::string bind = "tcp://*:%p";  ///< see tcp_uri()
    std::string connect;              ///< pattern with %h and %p, such as "tcp://%h.svc.ns.:%p"
    bool enable_ipv6 = false;
    std::vector<HostOverride> overrides = {};  ///< ascending ranks
    std::string resource_path = {};            ///< R.json; empty: none is configured
    bool noverify = false;
    std::optional<std::string> exclude = {};
    bool elastic = false;  ///< more hosts than brokers at the start: Fluxion's queue-policy "easy"
};

/// The configuration of `instance`, in the safe set of keys (0.51 to 0.88).
BrokerConfig make_config(const Instance& instance);

/// "tcp://ADDRESS:%p" of a name, address, interface or `*`; an IPv6 address gets its brackets.
std::string tcp_uri(std::string_view address);

}  // namespace muster::broker_config
