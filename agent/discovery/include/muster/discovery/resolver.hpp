// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/reactor.hpp"
#include "muster/base/result.hpp"

namespace muster::discovery {

enum class Family { any, ipv4, ipv6 };

/// What came back for a name. Exactly one of addresses and failure is filled.
struct Answer {
    enum class Outcome { found, no_such_name, no_address, server_failure, silence };
    Outcome outcome = Outcome::silence;
    std::vector<std::string> addresses;  ///< numeric, in the order of the answer
    std::string text;                    ///< for people: "no such name", "server failure", ...
};

/// Asks name servers. A seam: tests answer by hand.
class Resolver {
  public:
    using Callback = std::function<void(Answer)>;
    virtual ~Resolver() = default;
    /// Asks once for the addresses of the fully qualified `name`; calls back from the reactor,
    /// never from here.
    virtual void ask(const std::string& name, Family family, Callback callback) = 0;
};

/// The real one, over c-ares(3): no search list, no hosts file, no cache. `servers` is
/// "address[:port],..."; empty asks those of resolv.conf. Errors: usage (servers cannot be parsed),
/// internal.
Result<std::unique_ptr<Resolver>> make_resolver(Reactor& reactor, const std::string& servers);

}  // namespace muster::discovery
