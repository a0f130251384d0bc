// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <memory>

#include "muster/bootstrap/report.hpp"

namespace muster::bootstrap {
namespace {

constexpr std::size_t most_addresses = 8;

/// The address as text; empty for what is neither IPv4 nor IPv6, and for link-local IPv6.
std::string format_address(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = nullptr;
    if (address->sa_family == AF_INET) {
        bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    } else if (address->sa_family == AF_INET6) {
        const auto& ipv6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
        if (IN6_IS_ADDR_LINKLOCAL(&ipv6)) return {};
        bytes = &ipv6;
    }
    if (bytes == nullptr ||
        ::inet_ntop(address->sa_family, bytes, text.data(), text.size()) == nullptr)
        return {};
    return text.data();
}

}  // namespace

std::vector<std::string> own_addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    std::vector<std::string> addresses;
    for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const bool wanted = entry->ifa_addr != nullptr && (entry->ifa_flags & IFF_UP) != 0 &&
                            (entry->ifa_flags & IFF_LOOPBACK) == 0;
        if (!wanted || addresses.size() == most_addresses) continue;
        if (auto text = format_address(entry->ifa_addr); !text.empty())
            addresses.push_back(std::move(text));
    }
    return addresses;
}

}  // namespace muster::bootstrap
