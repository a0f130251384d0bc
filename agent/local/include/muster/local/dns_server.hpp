// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "muster/base/reactor.hpp"
#include "muster/local/dns_answer.hpp"

namespace muster::local {

/// Two sockets bound to one address and port.
struct DnsSockets {
    Fd udp;  ///< bound
    Fd tcp;  ///< listening
};

/// Serves a zone over UDP and TCP (RFC 7766) from a reactor, until it is destroyed. It never blocks
/// and has no way to fail: what it cannot read it drops. TCP clients are limited in number, and a
/// silent one is closed.
class DnsServer {
  public:
    DnsServer(Reactor& reactor, DnsSockets sockets, Zone zone);
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;
    ~DnsServer();

    std::uint64_t questions() const { return questions_; }

  private:
    struct Client {
        Fd socket;
        std::vector<std::uint8_t> in;   // what came and is not answered yet
        std::vector<std::uint8_t> out;  // what could not be sent yet
        Reactor::TimerId idle = 0;
    };

    void on_datagram();
    void on_connection();
    void on_client(int fd, std::uint32_t events);
    bool receive(Client& client);
    bool answer_all(Client& client);
    bool send(Client& client);
    void restart_idle_timer(int fd, Client& client);
    void drop(int fd);

    Reactor* reactor_;
    DnsSockets sockets_;
    Zone zone_;
    std::unordered_map<int, Client> clients_;
    std::uint64_t questions_ = 0;
};

}  // namespace muster::local
