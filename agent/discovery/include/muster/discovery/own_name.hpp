// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/reactor.hpp"
#include "muster/base/result.hpp"
#include "muster/discovery/own_address.hpp"
#include "muster/discovery/resolv_conf.hpp"
#include "muster/discovery/resolver.hpp"

namespace muster::discovery {

/// What the name server says that this pod is called. In compose that is
/// "<project>-<service>-<n>.<network>", and nothing else tells a container which one it is.
struct OwnName {
    std::vector<std::string> names;  ///< without the final dot; empty when not asked or not told
    std::string trouble;  ///< why there is no name, for people; empty when it was not asked
    bool denied = false;  ///< the server answered that there is none
};

/// Whether the pod's name server is Docker's own, 127.0.0.11: so it is in every network that
/// compose makes.
bool is_dockers(const ResolvConf& conf);

/// Asks for the PTR record of every address, and all of them again each 100 ms until one is told or
/// `wait` is over: Docker's server may lag a moment behind the container.
OwnName ask_own_name(Reactor& reactor, Resolver& resolver, std::span<const OwnAddress> own,
                     Duration wait);

/// The same with a reactor and a resolver of its own; `servers` as make_resolver() takes them.
/// Errors: those of make_resolver().
Result<OwnName> find_own_name(std::span<const OwnAddress> own, const std::string& servers,
                              Duration wait, const Clock& clock);

}  // namespace muster::discovery
