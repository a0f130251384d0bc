// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/inject.hpp"
#include "muster/yaml.hpp"

namespace muster::inject {

/// Key and value of a label.
using Label = std::pair<std::string, std::string>;

/// The workload that muster is put into: how its controller names pods, and where their specs are.
struct Workload {
    std::string kind;
    std::string name;
    std::string name_space;             ///< "" where the manifest has none
    yaml::Path place;                   ///< of the object
    std::vector<yaml::Path> pod_specs;  ///< of all pods of an instance: two in a LeaderWorkerSet
    std::string size;            ///< brokers, as the manifest says it; "" where pods are told
    bool can_scale = false;      ///< fewer or more pods than the size may be meant
    std::string ordinals_start;  ///< "" where it is 0
    std::string service;         ///< headless Service of the pods' names
    std::optional<yaml::Path> subdomain_of;  ///< the mapping that has yet to name the Service
    std::string subdomain_key;
    bool makes_services = false;  ///< its controller makes them, one a replica
    std::vector<Label> labels;    ///< all pods' own

    /// "Job hello", for messages.
    std::string what() const { return kind + ' ' + name; }
};

/// The one workload of the stream, or the one that the options name.
/// Errors: malformed (there is none, or several; it cannot be a Flux instance, and why).
Result<Workload> find_workload(const yaml::Stream& stream, std::string_view source,
                               const Options& options);

}  // namespace muster::inject
