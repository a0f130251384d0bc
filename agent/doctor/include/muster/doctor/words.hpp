// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/idset.hpp"
#include "muster/base/result.hpp"

namespace muster::doctor {

/// `flux uptime`: " 02:37:01 run 19s,  owner root,  depth 0,  size 4,  1 drained,  1 offline".
struct Uptime {
    std::string state;  ///< of the broker that was asked: "join", "run", ...
    std::string since;  ///< in that state; of a broker in run: of the instance
    std::uint32_t size = 0;
    std::uint32_t drained = 0;
    std::uint32_t offline = 0;

    /// After join: the parent has taken it.
    bool joined() const;
    /// In quorum or run: part of an instance that has not begun to end.
    bool online() const { return state == "quorum" || state == "run"; }
    bool ending() const;
};
/// Errors: malformed.
Result<Uptime> parse_uptime(std::string_view text);

/// The same from `flux dmesg`, the broker's log: where the last transition led
/// ("2026-11-23T03:21:38Z broker.info[1]: quorum-full: quorum->run 0.2s"). Neither size nor counts.
/// Errors: malformed (the log does not go back that far).
Result<Uptime> state_from_log(std::string_view text, WallTime now);

/// From `flux dmesg` of a broker with children: how often each of them came anew while its former
/// connection was there ("m-1 (rank 1) reconnected after crash, dropping old connection state").
/// Once is a broker that was killed; more often, one that crashes, or two that take turns.
std::map<std::uint32_t, std::uint32_t> count_reconnects(std::string_view log);

/// A line of `flux overlay status`: "├─ 2 lo-2: lost lost connection".
struct OverlayNode {
    std::uint32_t rank = 0;
    std::string host;
    std::string status;  ///< full, partial, degraded, offline, lost, ...
    std::string note;    ///< "lost connection"; often empty

    bool online() const { return status == "full" || status == "partial" || status == "degraded"; }
    bool operator==(const OverlayNode&) const = default;
};
/// In the order of the lines. Errors: malformed, naming the line.
Result<std::vector<OverlayNode>> parse_overlay(std::string_view text);

/// `flux resource status`, in the format that we ask for.
inline constexpr std::string_view status_format = "{state}|{ranks}|{reason}";
struct ResourceLine {
    std::string state;  ///< avail, avail*, exclude, draining, drained, drained*, ...
    Idset ranks;
    std::string reason;

    bool drained() const { return state.starts_with("drain"); }
};
/// Errors: malformed, naming the line.
Result<std::vector<ResourceLine>> parse_resource_status(std::string_view text);
/// The line that speaks of `rank`.
const ResourceLine* line_of(const std::vector<ResourceLine>& lines, std::uint32_t rank);

/// Output of `flux exec -l`: each line begins with the rank that printed it.
std::map<std::uint32_t, std::string> split_labelled(std::string_view text);

}  // namespace muster::doctor
