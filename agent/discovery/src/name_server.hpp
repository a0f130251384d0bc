// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ares.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "muster/base/reactor.hpp"
#include "muster/base/result.hpp"

namespace muster::discovery {

/// One name server, spoken to by a c-ares channel of its own: ids, retransmission over TCP and time
/// limits are c-ares's, the choice of servers is not. The socket is kept for a few questions and
/// then renewed: a new source port may meet another replica behind the server's address, and
/// leaves one that met a dead one.
class NameServer {
  public:
    /// The bytes of the reply, or none and why.
    using Callback = std::function<void(std::span<const std::uint8_t> reply, std::string failure)>;

    /// `address` is "ADDRESS[:PORT]" as c-ares writes it.
    NameServer(Reactor& reactor, std::string address);
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;
    ~NameServer();

    /// Sends `message` once; may call back at once. It is waited for for 500 ms, or where the last
    /// answer took longer, twice as long as that took, up to 5 s as getaddrinfo does
    /// (resolv.conf(5), timeout).
    void send(std::span<const std::uint8_t> message, Callback callback);

    /// The numeric address, without the port.
    const std::string& name() const { return name_; }

    bool is_silent = false;  ///< the last question to it was in vain
    bool refuses_edns = false;

  private:
    class Channel;

    Reactor* reactor_;
    std::string address_;
    std::string name_;
    Duration patience_;
    std::vector<std::unique_ptr<Channel>> channels_;  // the last is in use, others still wait
};

/// The servers of `servers` ("ADDRESS[:PORT],..."), or when it is empty those of resolv.conf, each
/// as c-ares writes it. Errors: usage, internal.
Result<std::vector<std::string>> list_name_servers(const std::string& servers);

}  // namespace muster::discovery
