// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/local/dns_answer.hpp"
#include "muster/local/dns_server.hpp"

namespace muster::local {

/// "127.64.0.1"
std::string format_ipv4(Ipv4 address);

/// Loopback addresses of one instance: consecutive networks 127.a.b.0/24 between 127.64 and
/// 127.127. The first host of each, .1, is claimed by a listening socket, so that several instances
/// on a machine never share one, and what was claimed is free again when the process ends, however
/// it ends. Pods have .2 to .254, and the name server the .1 of the first network.
class Loopback {
  public:
    static constexpr std::uint32_t pods_a_network = 253;
    static constexpr std::uint32_t networks = 64 * 256;

    /// Where to begin looking, below `networks`.
    using Pick = std::function<std::uint32_t()>;

    /// Claims addresses for `pods` pods whose brokers can listen on `port`, or else on a port of
    /// our choice (8050, 8150, ... unless something listens there on every address). Errors:
    /// unavailable (nothing is free, or there is no loopback interface), usage (pods < 1 or more
    /// than fit).
    static Result<Loopback> claim(std::uint32_t pods, std::optional<std::uint16_t> port,
                                  const Pick& pick);
    static Result<Loopback> claim(std::uint32_t pods, std::optional<std::uint16_t> port);

    Ipv4 server() const { return first_ + 1; }
    std::uint16_t server_port() const { return server_port_; }
    std::uint16_t broker_port() const { return broker_port_; }
    Ipv4 pod(std::uint32_t rank) const;
    std::vector<Ipv4> addresses() const;
    /// All pods' addresses as an RFC 29 hostlist, "127.64.0.[2-5]".
    std::string format() const;

    /// The name server's sockets; once.
    DnsSockets take_sockets();

  private:
    Loopback(Ipv4 first, std::uint32_t pods) : first_(first), pods_(pods) {}
    Result<bool> try_claim(std::uint16_t server_port, std::optional<std::uint16_t> port);

    Ipv4 first_;
    std::uint32_t pods_;
    std::uint16_t server_port_ = 0;
    std::uint16_t broker_port_ = 0;
    Fd udp_;
    std::vector<Fd> claims_;  // one a network, the first is the name server's TCP socket
};

}  // namespace muster::local
