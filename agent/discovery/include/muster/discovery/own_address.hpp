// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::discovery {

/// An address of this pod at which others can reach it: no loopback, no link-local one.
struct OwnAddress {
    std::string interface;
    std::string address;  ///< numeric

    bool operator==(const OwnAddress&) const = default;
};

/// Those of all interfaces that are up, in the kernel's order. Errors: internal.
Result<std::vector<OwnAddress>> own_addresses();

enum class NumericFamily { none, ipv4, ipv6 };

/// What `text` is: an IPv4 address, an IPv6 one (without brackets), or no address.
NumericFamily numeric_family(std::string_view text);

/// `text` without the brackets that URIs put around an IPv6 address.
std::string_view without_brackets(std::string_view text);

}  // namespace muster::discovery
