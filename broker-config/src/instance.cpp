// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/instance.hpp"

namespace muster::broker_config {

BrokerConfig make_config(const Instance& instance) {
    BrokerConfig config;
    config.bootstrap = Bootstrap{
        .curve_cert = instance.curve_cert,
        .default_port = instance.port,
        .default_bind = instance.bind,
        .default_connect = instance.connect,
        .enable_ipv6 = instance.enable_ipv6,
        .hosts = make_host_entries(instance.hosts, instance.topology, instance.overrides)};
    config.tbon.connect_timeout = connect_timeout;
    config.tbon.tcp_user_timeout = tcp_user_timeout;
    config.heartbeat.timeout = heartbeat_timeout;
    if (!instance.resource_path.empty()) config.resource.path = instance.resource_path;
    if (instance.noverify) config.resource.noverify = true;
    config.resource.exclude = instance.exclude;
    if (instance.elastic) config.queue_policy = "easy";
    return config;
}

std::string tcp_uri(std::string_view address) {
    const bool is_ipv6 = address.find(':') != std::string_view::npos && !address.starts_with('[');
    return is_ipv6 ? fmt::format("tcp://[{}]:%p", address) : fmt::format("tcp://{}:%p", address);
}

}  // namespace muster::broker_config
