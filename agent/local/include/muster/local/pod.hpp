// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/base/environment.hpp"
#include "muster/local.hpp"

namespace muster::local {

/// The domain in which the pods' names live, and the stem of the names: rank 2 is
/// up-2.up.muster.internal.
constexpr std::string_view pod_domain = "up.muster.internal";
constexpr std::string_view pod_stem = "up-";

/// What all pods of an instance have in common.
struct Instance {
    std::uint32_t size = 1;
    std::uint32_t max_size = 1;
    std::string addresses;    ///< an RFC 29 hostlist of max_size addresses
    std::string name_server;  ///< "127.64.0.1:8053"
    std::uint16_t port = 0;
    std::string flux;         ///< absolute path, or "none"
    std::string certificate;  ///< path; empty when the user's settings name one
    bool labelled = false;    ///< the program's output lines are to carry their task's rank
};

/// The environment of the pod of `rank`: the user's, without what would tell the pod another
/// identity, plus its settings. `directory` is its own.
Environment pod_environment(const Environment& users, const UpOptions& options,
                            const Instance& instance, std::uint32_t rank,
                            const std::string& directory);

/// The pods' argument vector; the same for every rank.
std::vector<std::string> pod_argv(const UpOptions& options);

}  // namespace muster::local
