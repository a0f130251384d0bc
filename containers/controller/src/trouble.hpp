// SPDX-License-Identifier: Apache-2.0
// What a pod's status tells people about it, in one sentence.
#pragma once

#include <optional>
#include <string>

#include "muster/json.hpp"

namespace muster::controller {

/// The status of the container in which Flux runs, which is the first of a pod; null before it has
/// one.
json::Value flux_status(const json::Value& pod);

/// Whether the broker of this pod is online: the container in which Flux runs is ready, and nobody
/// has told the pod to go.
bool is_online(const json::Value& pod);

/// Why a pod that does not run does not: no node, no image, a container that cannot be started.
/// Empty when nothing is wrong with it, but that it takes its time.
std::string trouble_of(const json::Value& pod);

/// How the container in which Flux runs has ended.
struct End {
    std::int64_t exit_code = 0;
    std::string
        text;  ///< "exit code 3: the program ..."; of muster's own words, none of a program's
};
std::optional<End> end_of(const json::Value& pod);

/// Whether the program of a pod has failed of itself, as muster says, and nobody has stopped it.
bool program_has_failed(const json::Value& pod);

/// The container that keeps a pod in which Flux has ended for good; empty when none does.
std::string keeper_of(const json::Value& pod);

}  // namespace muster::controller
