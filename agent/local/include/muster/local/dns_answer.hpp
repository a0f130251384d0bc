// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::local {

using Ipv4 = std::uint32_t;  ///< host byte order: 127.0.0.1 is 0x7f000001

/// What the responder is the authority for: the hosts "<stem>0", "<stem>1", ... below `domain`,
/// each with one address, and the name server "ns" itself.
struct Zone {
    std::string domain;  ///< lower case, no dot at the end: "up.muster.internal"
    std::string stem;    ///< lower case: "up-"
    Ipv4 server = 0;
    std::vector<Ipv4> addresses;  ///< of the hosts that exist, in rank order

    enum class Place { outside, apex, host, absent };
    struct Found {
        Place place = Place::outside;
        Ipv4 address = 0;  ///< of a host
    };
    /// `name` in lower case, without a dot at its end.
    Found find(std::string_view name) const;
};

/// The most bytes that answer() ever returns: every answer fits a plain UDP datagram (RFC 1035,
/// 2.3.4), so nothing is ever truncated.
constexpr std::size_t largest_answer = 512;

/// The authoritative answer to one DNS message (RFC 1035, 2308, 6891): A for hosts, SOA and NS at
/// the apex; an existing name without the type asked is NODATA and any other name of the zone
/// NXDOMAIN, both with the SOA; REFUSED outside. Unknown types, EDNS and the CD bit are understood.
/// Empty when the message deserves no answer: shorter than a header, or itself an answer.
std::vector<std::uint8_t> answer(const Zone& zone, std::span<const std::uint8_t> message);

}  // namespace muster::local
