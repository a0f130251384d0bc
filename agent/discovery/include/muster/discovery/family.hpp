// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "muster/base/result.hpp"
#include "muster/discovery/own_address.hpp"
#include "muster/discovery/resolver.hpp"

namespace muster::discovery {

/// The settings that bear on the address family.
struct FamilyRequest {
    Family ip = Family::any;                      ///< any: decide by what is known
    std::string bind = "*";                       ///< `*`, interface or address
    std::span<const std::string> addresses = {};  ///< numeric, of all ranks; they leave no choice
    std::string leader_address = {};              ///< name or number, or empty
};

/// Flux has one switch for both ends, `bootstrap.enable_ipv6`: off, it neither binds nor resolves
/// IPv6; on, it listens on both families at `*` and takes a peer's IPv6 address before its IPv4 one
/// (libzmq's AF_INET6 sockets with AI_V4MAPPED).
struct FamilyChoice {
    bool enable_ipv6 = false;
    /// What the gates may dial, because the broker will: any means IPv6 before IPv4.
    Family gates = Family::ipv4;
};

/// Decides from the numbers given and else from this pod's own addresses; with `bind` an interface,
/// IPv4 before IPv6, since libzmq then listens on one address only. All pods of an instance come to
/// the same result where their networks are alike. Errors: config, when a family is asked for of
/// which this pod has no address.
Result<FamilyChoice> choose_family(const FamilyRequest& request, std::span<const OwnAddress> own);

}  // namespace muster::discovery
