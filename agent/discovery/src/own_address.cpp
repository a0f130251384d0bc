// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/own_address.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace muster::discovery {
namespace {

std::string format_number(int family, const void* number) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(family, number, text.data(), text.size()) == nullptr) return "";
    return text.data();
}

/// Empty for what others cannot reach.
std::string format_reachable(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof ipv4);
        const std::uint32_t number = ntohl(ipv4.sin_addr.s_addr);
        const bool is_local = number >> 24 == 127 || number >> 16 == 0xa9fe;  // 169.254.0.0/16
        return is_local ? "" : format_number(AF_INET, &ipv4.sin_addr);
    }
    if (address.sa_family != AF_INET6) return "";
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof ipv6);
    const auto* bytes = static_cast<const std::uint8_t*>(ipv6.sin6_addr.s6_addr);
    const bool is_link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
    const bool is_loopback = std::memcmp(bytes, &in6addr_loopback, 16) == 0;
    return is_link_local || is_loopback ? "" : format_number(AF_INET6, &ipv6.sin6_addr);
}

}  // namespace

Result<std::vector<OwnAddress>> own_addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0)
        return fail(Kind::internal, "read this pod's addresses: {}", os_error(errno));
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    std::vector<OwnAddress> found;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const bool is_usable = (entry->ifa_flags & IFF_UP) != 0 &&
                               (entry->ifa_flags & IFF_LOOPBACK) == 0 && entry->ifa_addr != nullptr;
        if (!is_usable) continue;
        if (auto address = format_reachable(*entry->ifa_addr); !address.empty())
            found.push_back({entry->ifa_name, std::move(address)});
    }
    return found;
}

NumericFamily numeric_family(std::string_view text) {
    const std::string copy(text);
    std::array<std::uint8_t, 16> number{};
    if (::inet_pton(AF_INET, copy.c_str(), number.data()) == 1) return NumericFamily::ipv4;
    if (::inet_pton(AF_INET6, copy.c_str(), number.data()) == 1) return NumericFamily::ipv6;
    return NumericFamily::none;
}

std::string_view without_brackets(std::string_view text) {
    if (!text.starts_with('[') || !text.ends_with(']')) return text;
    const auto inner = text.substr(1, text.size() - 2);
    return numeric_family(inner) == NumericFamily::ipv6 ? inner : text;
}

}  // namespace muster::discovery
