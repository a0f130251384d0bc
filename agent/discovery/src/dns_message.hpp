// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/discovery/resolver.hpp"

namespace muster::discovery {

/// The bytes of `question` (RFC 1035, 4.1), recursion desired, with an OPT record (RFC 6891) only
/// where DO asks for one, so that a plain question is the one that libc puts. Empty when the name
/// cannot stand in a DNS message (labels of 1 to 63 bytes, 255 in all).
std::vector<std::uint8_t> format_question(const Question& question, std::uint16_t id);

/// What a reply to `question` says; `server` is not filled. Bytes that are no reply to it, or
/// cannot be read, are a server_failure that says so.
Reply parse_reply(std::span<const std::uint8_t> message, const Question& question);

/// The server does not know OPT records (FORMERR, or BADVERS): ask again without.
bool is_edns_refused(std::span<const std::uint8_t> message);

}  // namespace muster::discovery
