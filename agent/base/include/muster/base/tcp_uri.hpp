// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace muster {

/// What an endpoint of ZeroMQ names, "tcp://HOST:PORT" (zmq_tcp(7)).
struct TcpUri {
    std::string host;  ///< an IPv6 address without its brackets; never read as a name or number
    std::string port;  ///< as it stands there, also where it is no number
};

/// Nothing where `uri` is not of that form.
std::optional<TcpUri> split_tcp_uri(const std::string& uri);

}  // namespace muster
