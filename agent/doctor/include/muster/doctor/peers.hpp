// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/curve.hpp"
#include "muster/discovery/reach.hpp"
#include "muster/doctor/pod.hpp"
#include "muster/doctor/words.hpp"
#include "muster/json.hpp"

namespace muster::doctor {

/// A rank of the plan, and how it is dialled. Only ranks with children listen.
struct Peer {
    std::uint32_t rank = 0;
    std::string host;
    std::string name;  ///< fully qualified, or a numeric address
    std::uint16_t port = 0;
    std::optional<std::uint32_t> parent;
    bool listens = false;

    bool operator==(const Peer&) const = default;
};

/// All ranks, from the broker.toml that the plan has made. Errors: config.
Result<std::vector<Peer>> peers_of(const Pod& pod);

/// How far one got to a peer.
struct PeerOutcome {
    bool reached = false;
    discovery::Gate gate = discovery::Gate::name;  ///< the last one passed, or the one that is shut
    std::string address;                           ///< the last one tried; empty without one
    std::string text;
    Duration took{};
    std::optional<Kind> kind;  ///< of a peer that was not reached
};

/// From the gates' verdict: a broker with children must take our key; of one without it is enough
/// that its address answers, as nothing listens there. Pure.
PeerOutcome judge_peer(const Peer& peer, const discovery::Verdict& verdict);

/// Tries all peers side by side, each for at most `limit`, many at a time. Errors: those of
/// discovery::pass_all_gates().
Result<std::vector<PeerOutcome>> try_peers(const Pod& pod, const std::vector<Peer>& peers,
                                           const curve::KeyPair& keys, Duration limit,
                                           const Clock& clock);

/// Does not count a peer as reached of which no more is known than that its address answers, where
/// the broker says (`overlay`) that it is not online. Pure.
void heed_brokers(const std::vector<Peer>& peers, std::vector<PeerOutcome>& outcomes,
                  const std::vector<OverlayNode>& overlay);

/// A table, and an object (schema: tests/data/schema/peers.schema.json). `overlay` is what the
/// broker says of them, empty where none answers; ranks from `size` on may be absent.
std::string format_peers(const std::vector<Peer>& peers, const std::vector<PeerOutcome>& outcomes,
                         const std::vector<OverlayNode>& overlay, std::uint32_t size);
json::Value peers_to_json(const std::vector<Peer>& peers, const std::vector<PeerOutcome>& outcomes,
                          const std::vector<OverlayNode>& overlay, std::uint32_t size);

/// 0, or the code of the first rank below `size` that was not reached.
int peers_exit_code(const std::vector<PeerOutcome>& outcomes, std::uint32_t size);

}  // namespace muster::doctor
