// SPDX-License-Identifier: Apache-2.0
#include "uri.hpp"

#include <algorithm>

namespace muster::broker_config {
namespace {

constexpr std::size_t longest_uri = 2048;
constexpr std::size_t longest_socket_path = 108;  // sizeof(sockaddr_un::sun_path)
constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;

constexpr bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Result<void> check_label(std::string_view label) {
    if (label.size() > longest_label) return fail(Kind::config, "must be 1-63 characters");
    if (label.front() == '-' || label.back() == '-')
        return fail(Kind::config, "domain label must not start or end with '-'");
    for (const char c : label)
        if (!is_alphanumeric(c) && c != '-')
            return fail(Kind::config, "domain label contains invalid character '{}' (0x{:x})", c,
                        static_cast<unsigned char>(c));
    return {};
}

}  // namespace

Result<std::string> expand_uri(std::string_view pattern, std::string_view host,
                               std::optional<std::uint16_t> port) {
    std::string uri;
    for (auto percent = pattern.find('%'); percent != std::string_view::npos;
         percent = pattern.find('%')) {
        uri += pattern.substr(0, percent);
        pattern.remove_prefix(percent + 1);
        if (pattern.empty()) break;  // a percent sign at the end vanishes in Flux, too
        const char token = pattern.front();
        pattern.remove_prefix(1);
        if (token == 'h') {
            uri += host;
        } else if (token == 'p') {
            if (!port)
                return fail(Kind::config,
                            "uses %p, so default_port must be set (Flux would listen on 65535)");
            uri += fmt::format("{}", *port);
        } else {
            if (token != '%') uri += '%';
            uri += token;
        }
    }
    uri += pattern;
    if (uri.size() > longest_uri) return fail(Kind::config, "is too long");
    return uri;
}

Result<void> check_uri(std::string_view uri) {
    if (uri.find("://") == std::string_view::npos)
        return fail(Kind::config, "{} has no URI scheme", uri);
    if (uri.find(":*") != std::string_view::npos)
        return fail(Kind::config, "{} contains 0MQ port wildcard", uri);
    if (!uri.starts_with("tcp://") && !uri.starts_with("ipc://"))
        return fail(Kind::config, "{} URI scheme must be tcp or ipc", uri);
    const std::string_view rest = uri.substr(std::string_view("tcp://").size());
    if (uri.starts_with("ipc://")) {
        if (rest.empty()) return fail(Kind::config, "{} socket path is empty", uri);
        if (rest.size() > longest_socket_path)
            return fail(Kind::config, "{} socket path must not exceed 108 bytes", uri);
        return {};
    }
    if (rest.empty()) return fail(Kind::config, "{} address is empty", uri);
    return {};
}

Result<void> check_domain_name(std::string_view name) {
    if (name.empty() || name.size() > longest_name)
        return fail(Kind::config, "domain must be 1-253 characters");
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t end = std::min(name.find('.', begin), name.size());
        // Like Flux (strtok), which passes over empty labels and a trailing dot.
        if (end > begin) TRY(check_label(name.substr(begin, end - begin)));
        begin = end + 1;
    }
    return {};
}

}  // namespace muster::broker_config
