// SPDX-License-Identifier: Apache-2.0
// What the pods of each platform know, and tables of what becomes of it.
#pragma once

#include <gtest/gtest.h>

#include "muster/discovery/identity.hpp"

namespace muster::discovery {

inline constexpr std::string_view cluster =
    "search lab.svc.k8s.example svc.k8s.example k8s.example\nnameserver 10.96.0.10\n";
inline constexpr std::string_view compose = "nameserver 127.0.0.11\noptions ndots:0\n";

/// As the kubelet makes it, with a subdomain; `tail` other than "" is setHostnameAsFQDN's.
inline PodFacts pod(const std::string& host, Environment environment = {},
                    const std::string& tail = "") {
    PodFacts facts;
    facts.hostname = host + tail;
    facts.environment = std::move(environment);
    facts.resolv_conf = ResolvConf::parse(cluster);
    if (tail.empty()) facts.fqdn = host + ".flux.lab.svc.k8s.example";
    return facts;
}

inline PodFacts job(const std::string& host, int index, const std::string& tail = "") {
    return pod(host, {{"JOB_COMPLETION_INDEX", std::to_string(index)}}, tail);
}

/// Where nothing but the hostname tells anything.
inline PodFacts outside(const std::string& host, Environment environment = {}) {
    PodFacts facts;
    facts.hostname = host;
    facts.environment = std::move(environment);
    return facts;
}

inline PodFacts lws(const std::string& host, int index, const std::string& leader,
                    const std::string& tail = "") {
    return pod(host,
               {{"LWS_LEADER_ADDRESS", leader},
                {"LWS_GROUP_SIZE", "4"},
                {"LWS_WORKER_INDEX", std::to_string(index)}},
               tail);
}

inline PodFacts container(const std::string& name) {
    PodFacts facts;
    facts.hostname = "0123456789ab";
    facts.resolv_conf = ResolvConf::parse(compose);
    if (!name.empty()) facts.own_name.names = {name};
    return facts;
}

inline PodFacts unnamed(std::string trouble, bool denied) {
    PodFacts facts = container("");
    facts.own_name = {.names = {}, .trouble = std::move(trouble), .denied = denied};
    return facts;
}

inline std::string kind_name(Kind kind) {
    return kind == Kind::usage         ? "usage"
           : kind == Kind::config      ? "config"
           : kind == Kind::unavailable ? "unavailable"
                                       : fmt::format("kind {}", static_cast<int>(kind));
}

/// "rank/size[/max] of PLATFORM: HOSTS; dial NAME NAME", rank 0's name and the last one's.
inline std::string describe(const Result<Identity>& identity) {
    if (!identity) return kind_name(identity.error().kind) + ": " + identity.error().message;
    const std::string most =
        identity->max_size == identity->size ? "" : fmt::format("/{}", identity->max_size);
    auto text = fmt::format("{}/{}{} of {}: {}; dial {} {}", identity->rank, identity->size, most,
                            format(identity->platform), identity->hosts.format(),
                            identity->dial_name(0), identity->dial_name(identity->max_size - 1));
    for (const auto& doubt : identity->doubts) text += "; " + doubt;
    return text;
}

struct Row {
    const char* what;
    IdentityRequest request;
    PodFacts facts;
    std::string expected;
};

inline void check(const std::vector<Row>& rows) {
    for (const auto& row : rows)
        EXPECT_EQ(describe(identify(row.request, row.facts)), row.expected) << row.what;
}

}  // namespace muster::discovery
