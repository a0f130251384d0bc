// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/parent_address.hpp"

#include <arpa/inet.h>

#include <array>

namespace muster::bootstrap {
namespace {

bool is_numeric(const std::string& name) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

/// HOST of "tcp://HOST:PORT", without the brackets of an IPv6 address.
std::string host_of(const std::string& uri) {
    const auto begin = uri.find("//") == std::string::npos ? 0 : uri.find("//") + 2;
    std::string host = uri.substr(begin, uri.rfind(':') - begin);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return host;
}

/// `entries` with an entry of its own for `host` where it is mentioned first, which decides its
/// rank and its URIs.
Result<std::vector<broker_config::HostEntry>> set_connect(
    const std::vector<broker_config::HostEntry>& entries, const std::string& host,
    const std::string& uri) {
    std::vector<broker_config::HostEntry> result;
    bool is_done = false;
    for (const auto& entry : entries) {
        TRY_ASSIGN(const auto list, Hostlist::parse(entry.host));
        const auto place = list.find(host);
        if (is_done || !place) {
            result.push_back(entry);
            continue;
        }
        is_done = true;
        const auto& names = list.hosts();
        const auto at = names.begin() + static_cast<std::ptrdiff_t>(*place);
        const auto add = [&](auto begin, auto end, std::optional<std::string> connect) {
            if (begin == end) return;
            auto part = entry;
            part.host = Hostlist(std::vector<std::string>(begin, end)).format();
            part.connect = std::move(connect);
            result.push_back(std::move(part));
        };
        add(names.begin(), at, entry.connect);
        add(at, at + 1, uri);
        add(at + 1, names.end(), entry.connect);
    }
    if (!is_done) return fail(Kind::config, "{} is not among the hosts of broker.toml", host);
    return result;
}

}  // namespace

Result<bool> connect_by_address(Plan& plan, const std::string& address) {
    if (!plan.parent) return fail(Kind::config, "rank {} has no parent", plan.identity.rank);
    const auto& file = plan.paths.broker_toml;
    TRY_ASSIGN(auto config, broker_config::parse(plan.broker_toml, file));
    if (!config.bootstrap) return fail(Kind::config, "{} has no [bootstrap]", file);
    TRY_ASSIGN(const auto peers, broker_config::resolve_hosts(*config.bootstrap));
    const auto& uri = peers.at(plan.parent->rank).connect;
    if (is_numeric(host_of(uri.value_or("")))) return false;

    // The configuration stays what the plan made it, and what the user merged into it; only
    // [bootstrap] is replaced.
    broker_config::BrokerConfig replacement;
    replacement.bootstrap = config.bootstrap;
    const bool is_ipv6 = address.find(':') != std::string::npos;
    replacement.bootstrap->enable_ipv6 = config.bootstrap->enable_ipv6 || is_ipv6;
    const auto host = is_ipv6 ? fmt::format("[{}]", address) : address;
    TRY_ASSIGN(replacement.bootstrap->hosts,
               set_connect(config.bootstrap->hosts, plan.parent->host,
                           fmt::format("tcp://{}:{}", host, plan.parent->port)));
    const std::vector<broker_config::UserFile> files{{file, plan.broker_toml},
                                                     {file, broker_config::format(replacement)}};
    TRY_ASSIGN(auto merged, broker_config::merge({}, files));
    plan.broker_toml = std::move(merged.text);
    return true;
}

}  // namespace muster::bootstrap
