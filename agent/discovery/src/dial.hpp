// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "muster/base/fd.hpp"
#include "muster/base/reactor.hpp"

namespace muster::discovery {

/// How a TCP dial ended.
struct DialOutcome {
    enum class What { listening, refused, silent, unreachable };
    What what;
    std::string text;  ///< for people
    Fd connection;     ///< of listening: connected, and does not block
};

/// One TCP connection attempt to a numeric address, bounded in time.
class Dial {
  public:
    using Callback = std::function<void(DialOutcome)>;
    Dial(Reactor& reactor, const std::string& address, std::uint16_t port, Duration limit,
         Callback callback);
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;
    ~Dial();

  private:
    void finish(DialOutcome outcome);

    Reactor* reactor_;
    Callback callback_;
    Fd socket_;
    Reactor::TimerId timer_ = 0;
};

}  // namespace muster::discovery
