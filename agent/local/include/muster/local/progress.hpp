// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/broker_log.hpp"
#include "muster/base/clock.hpp"

namespace muster::local {

/// What is known about the brokers of an instance, from what they log. Passive: it is told, and
/// asked.
class Progress {
  public:
    explicit Progress(std::uint32_t size) : ranks_(size) {}

    /// A broker of `rank` went from one state to another. True when it came online by that.
    bool step(std::uint32_t rank, const Transition& transition);
    /// The pod of `rank` has begun (again), or ended.
    void begun(std::uint32_t rank);
    void ended(std::uint32_t rank);

    std::uint32_t size() const { return static_cast<std::uint32_t>(ranks_.size()); }
    std::uint32_t online() const { return online_; }
    /// The leader runs the initial program, or has run it.
    bool formed() const { return formed_; }
    /// Ranks that are not online, compressed (RFC 22).
    std::string missing() const;

    /// "3 of 4 brokers online" with a bar of `width` characters, for a terminal.
    std::string bar(std::size_t width) const;

  private:
    void set_online(std::uint32_t rank, bool online);

    std::vector<bool> ranks_;  // online
    std::uint32_t online_ = 0;
    bool formed_ = false;
};

/// When one who waits is told so where nothing can be rewritten: after 5, 15 and 60 s, and then
/// every minute.
Duration next_notice(Duration elapsed);

}  // namespace muster::local
