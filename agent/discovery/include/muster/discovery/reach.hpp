// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/discovery/resolver.hpp"

namespace muster::discovery {

/// Whom to reach, and how long to try.
struct ReachRequest {
    std::string peer;  ///< for messages: "rank 0 (muster-0)"
    std::string name;  ///< fully qualified name, or a numeric address
    std::uint16_t port = 0;
    Family family = Family::any;
    Duration wait{};
};

/// The pair that all brokers share, as views of what the caller keeps: no key stays here.
struct CurveKeys {
    std::span<const std::uint8_t, 32> public_key;
    std::span<const std::uint8_t, 32> secret_key;
};

/// What it took. Attempts count from 1.
struct Reached {
    std::string address;
    Duration took{};
    int questions = 0;
    int dials = 0;
};

/// Waits until the parent is a broker that accepts our key (design, section 4): its name resolves,
/// its address answers, something listens, the CURVE handshake succeeds. Resolves anew before every
/// dial; backs off with jitter; says what it waits for at 1, 5, 15, 60 s and then every minute.
/// Errors: no_name, unavailable, protocol, each with what was asked, what was answered and for how
/// long.
Result<Reached> reach(const ReachRequest& request, const CurveKeys& keys,
                      const std::string& dns_servers, const Clock& clock);

}  // namespace muster::discovery
