// SPDX-License-Identifier: Apache-2.0
#include "muster/local/loopback.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <random>

#include "muster/base/assert.hpp"

namespace muster::local {
namespace {

constexpr Ipv4 first_network = 0x7f400000;  // 127.64.0.0
constexpr std::array<std::uint16_t, 4> server_ports = {8053, 8153, 8253, 8353};
constexpr std::array<std::uint16_t, 4> broker_ports = {8050, 8150, 8250, 8350};
constexpr int attempts = 64;

sockaddr_in socket_address(Ipv4 address, std::uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(address);
    name.sin_port = htons(port);
    return name;
}

/// A socket bound to the address; without one errno says why.
Fd bound(int type, Ipv4 address, std::uint16_t port) {
    Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return socket;
    const auto name = socket_address(address, port);
    const auto* generic = reinterpret_cast<const sockaddr*>(&name);
    if (::bind(socket.get(), generic, sizeof name) != 0) return {};
    if (type == SOCK_STREAM && ::listen(socket.get(), SOMAXCONN) != 0) return {};
    return socket;
}

Error unusable(Ipv4 address, int reason) {
    return {Kind::unavailable,
            fmt::format("bind the loopback address {}: {}: is the interface lo up?",
                        format_ipv4(address), os_error(reason))};
}

/// An address of an interface that is down can be bound all the same; pods would ask it for names
/// and wait.
Result<void> check_reachable(Ipv4 address, std::uint16_t port) {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto name = socket_address(address, port);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0)
        return {};
    return fail(Kind::unavailable,
                "reach the loopback address {}: {}: bring the interface lo up (ip link set lo up)",
                format_ipv4(address), os_error(errno));
}

std::uint32_t pick_at_random() {
    std::random_device device;
    return std::uniform_int_distribution<std::uint32_t>(0, Loopback::networks - 1)(device);
}

}  // namespace

std::string format_ipv4(Ipv4 address) {
    return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                       address & 255);
}

/// False when something of it is taken. Errors: nothing can be bound at all.
Result<bool> Loopback::try_claim(std::uint16_t server_port, std::optional<std::uint16_t> port) {
    claims_.clear();
    server_port_ = server_port;
    for (std::uint32_t network = 0; network * pods_a_network < pods_; ++network) {
        Fd claim = bound(SOCK_STREAM, server() + network * 256, server_port);
        if (!claim && errno != EADDRINUSE)
            return tl::unexpected<Error>(unusable(server() + network * 256, errno));
        if (!claim) return false;
        claims_.push_back(std::move(claim));
    }
    udp_ = bound(SOCK_DGRAM, server(), server_port);
    if (!udp_) return false;
    TRY(check_reachable(server(), server_port));
    const auto is_free = [this](std::uint16_t at) {
        for (const std::uint32_t rank : {0u, pods_ - 1})
            if (!bound(SOCK_STREAM, pod(rank), at)) return false;
        return true;
    };
    if (port) {
        broker_port_ = *port;
        return is_free(*port);
    }
    for (const std::uint16_t candidate : broker_ports) {
        broker_port_ = candidate;
        if (is_free(candidate)) return true;
    }
    return false;
}

Result<Loopback> Loopback::claim(std::uint32_t pods, std::optional<std::uint16_t> port,
                                 const Pick& pick) {
    if (pods < 1 || pods > networks / 4 * pods_a_network)
        return fail(Kind::usage, "{} pods cannot have loopback addresses: 1 to {} can", pods,
                    networks / 4 * pods_a_network);
    const std::uint32_t needed = (pods + pods_a_network - 1) / pods_a_network;
    for (const std::uint16_t server_port : server_ports)
        for (int attempt = 0; attempt < attempts; ++attempt) {
            const std::uint32_t network = pick() % (networks - needed + 1);
            Loopback loopback(first_network + network * 256, pods);
            TRY_ASSIGN(const bool claimed, loopback.try_claim(server_port, port));
            if (claimed) return loopback;
        }
    if (port)
        return fail(Kind::unavailable,
                    "port {} is taken on every loopback address that was tried: choose another "
                    "--port (MUSTER_PORT)",
                    *port);
    return fail(Kind::unavailable,
                "no free loopback address was found: something listens on the ports {} to {} or {} "
                "to {} of every address",
                server_ports.front(), server_ports.back(), broker_ports.front(),
                broker_ports.back());
}

Result<Loopback> Loopback::claim(std::uint32_t pods, std::optional<std::uint16_t> port) {
    return claim(pods, port, pick_at_random);
}

Ipv4 Loopback::pod(std::uint32_t rank) const {
    MUSTER_ASSERT(rank < pods_);
    return first_ + rank / pods_a_network * 256 + 2 + rank % pods_a_network;
}

std::vector<Ipv4> Loopback::addresses() const {
    std::vector<Ipv4> result;
    result.reserve(pods_);
    for (std::uint32_t rank = 0; rank < pods_; ++rank) result.push_back(pod(rank));
    return result;
}

std::string Loopback::format() const {
    std::string result;
    for (std::uint32_t rank = 0; rank < pods_; rank += pods_a_network) {
        const std::uint32_t last = std::min(pods_, rank + pods_a_network) - rank + 1;
        const std::string network = format_ipv4(first_ + rank / pods_a_network * 256);
        if (!result.empty()) result += ',';
        result += network.substr(0, network.size() - 1);
        result += last == 2 ? "2" : fmt::format("[2-{}]", last);
    }
    return result;
}

DnsSockets Loopback::take_sockets() {
    MUSTER_ASSERT(udp_ && claims_.front());
    return {.udp = std::move(udp_), .tcp = std::move(claims_.front())};
}

}  // namespace muster::local
