// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "broker_log.hpp"
#include "muster/curve.hpp"
#include "state.hpp"
#include "tree.hpp"

namespace muster::rehearsal {

/// What the two sides of the overlay network need to know.
struct OverlayOptions {
    Rank rank = 0;
    std::string version;             ///< MAJOR.MINOR must be equal on both ends
    std::vector<std::string> hosts;  ///< by rank
    Tree tree{{std::nullopt}};
    bool ipv6 = false;
    std::chrono::milliseconds connect_timeout{30'000};   ///< of one dial
    std::chrono::milliseconds tcp_user_timeout{20'000};  ///< of unacknowledged data
    std::chrono::milliseconds torpid_min{5'000};         ///< a silent child says that it lives
    std::chrono::milliseconds torpid_max{30'000};        ///< then a silent child is torpid
    std::chrono::milliseconds heartbeat_period{2'000};
    std::chrono::milliseconds heartbeat_timeout{300'000};  ///< 0: none
    int heartbeat_warn_thresh = 3;                         ///< periods
};

namespace topic {
inline constexpr std::string_view hello = "overlay.hello";
inline constexpr std::string_view welcome = "overlay.welcome";
inline constexpr std::string_view refused = "overlay.refused";
inline constexpr std::string_view disconnect = "overlay.disconnect";
inline constexpr std::string_view state = "overlay.state";
inline constexpr std::string_view heartbeat = "overlay.heartbeat";
inline constexpr std::string_view keepalive = "overlay.keepalive";
inline constexpr std::string_view probe = "overlay.probe";
inline constexpr std::string_view goodbye = "overlay.goodbye";
inline constexpr std::string_view farewell = "overlay.farewell";
}  // namespace topic

}  // namespace muster::rehearsal
