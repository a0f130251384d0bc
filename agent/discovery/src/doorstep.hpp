// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/fd.hpp"
#include "muster/base/reactor.hpp"

namespace muster::discovery {

/// What a gate puts into the padding of its ZMTP opening, which is not significant (RFC 23): a
/// doorstep knows its guests by it.
inline constexpr std::string_view guest_mark("\0muster\1", 8);
inline constexpr std::size_t guest_mark_at = 1;

/// What a doorstep says to them; no ZMTP peer begins like this.
inline constexpr std::string_view doorstep_words = "muster: this pod waits for its own parent\n";

/// Where the broker will listen, while its pod still waits for the parent: those who wait for this
/// pod are told so, and are let go the moment it becomes a broker. Without it every level of a tree
/// would find out by dialling again. Whoever is no gate (a broker that connects again) hears
/// nothing until then.
class Doorstep {
  public:
    explicit Doorstep(Reactor& reactor) : reactor_(&reactor) {}
    Doorstep(const Doorstep&) = delete;
    Doorstep& operator=(const Doorstep&) = delete;
    /// Every guest's connection is reset, and the port is free.
    ~Doorstep();

    /// Listens at a bind URI, "tcp://*:8050" or "tcp://[fd00::1]:8050"; `ipv6`: the asterisk means
    /// both families. What cannot be listened at (the name of an interface, a port that is taken)
    /// is the error, and nobody's failure: then they dial again.
    Result<void> open(const std::string& uri, bool ipv6);

  private:
    void listen();
    void welcome();
    void listen_to(int guest);
    void part_with(int guest);

    struct Guest {
        Fd connection;
        std::vector<std::uint8_t> heard = {};
    };
    Reactor* reactor_;
    Fd listener_;
    std::map<int, Guest> guests_;
};

}  // namespace muster::discovery
