// SPDX-License-Identifier: Apache-2.0
#include "muster/base/tcp_uri.hpp"

#include <string_view>

namespace muster {

std::optional<TcpUri> split_tcp_uri(const std::string& uri) {
    constexpr std::string_view scheme = "tcp://";
    const auto colon = uri.rfind(':');
    if (!uri.starts_with(scheme) || colon < scheme.size()) return std::nullopt;
    TcpUri parts{.host = uri.substr(scheme.size(), colon - scheme.size()),
                 .port = uri.substr(colon + 1)};
    if (parts.host.starts_with('[') && parts.host.ends_with(']'))
        parts.host = parts.host.substr(1, parts.host.size() - 2);
    return parts;
}

}  // namespace muster
