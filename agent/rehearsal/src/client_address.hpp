// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "message.hpp"

namespace muster::rehearsal {

/// Where an answer goes: a connection of the broker that the client talks to, and its request. A
/// broker writes it into a request's body as "client" before it passes the request on.
struct ClientAddress {
    Rank rank = 0;
    std::int64_t connection = 0;
    std::int64_t request = 0;

    bool operator==(const ClientAddress&) const = default;
};

json::Value encode_address(const ClientAddress& address);
/// Errors: malformed.
Result<ClientAddress> decode_address(const json::Value& body);

/// Requests of clients, and the answers to them. Every request ends with one `done` or one `error`.
namespace topic {
inline constexpr std::string_view submit = "job.submit";
inline constexpr std::string_view cancel = "job.cancel";
inline constexpr std::string_view signal_jobs = "job.signal";
inline constexpr std::string_view wait_room = "job.wait-room";  ///< until a shape would fit
inline constexpr std::string_view resources = "resource.status";
inline constexpr std::string_view drain = "resource.drain";
inline constexpr std::string_view undrain = "resource.undrain";
inline constexpr std::string_view uptime = "broker.uptime";
inline constexpr std::string_view attribute = "broker.getattr";
inline constexpr std::string_view log = "broker.dmesg";
inline constexpr std::string_view shutdown = "broker.shutdown";

inline constexpr std::string_view accepted = "job.accepted";
inline constexpr std::string_view output = "job.output";
inline constexpr std::string_view note = "job.note";
inline constexpr std::string_view exception = "job.exception";
inline constexpr std::string_view done = "done";    ///< with the answer, or a job's exit code
inline constexpr std::string_view error = "error";  ///< {"text": "..."}
}  // namespace topic

}  // namespace muster::rehearsal
