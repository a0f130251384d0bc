// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/discovery/gates.hpp"
#include "muster/json.hpp"

namespace muster::doctor {

/// One thing that was looked at.
struct Step {
    std::string name;            ///< identity, certificate, directory, name, address, ...
    std::string text;            ///< what was found
    std::optional<Error> error;  ///< cause and mend in one sentence; its kind is the exit code
    std::vector<std::string> evidence = {};  ///< what was asked and answered, a line each

    bool passed() const { return !error.has_value(); }
};

/// What `muster check` found: steps in order up to the first that failed, and what else a person
/// should know.
struct Diagnosis {
    std::optional<std::uint32_t> rank;  ///< unknown when the pod does not know itself
    std::uint32_t size = 0;
    std::string host;
    std::vector<Step> steps;
    std::vector<std::string> notes;

    const Step* failure() const;
    int exit_code() const;
};

/// What the gates said, a step each: those that were passed and the one that stayed shut.
std::vector<Step> gate_steps(const discovery::Passage& passage,
                             const discovery::GateFailure* failure, std::string_view peer);

std::string format_diagnosis(const Diagnosis& diagnosis);
/// Schema: tests/data/schema/check.schema.json.
json::Value to_json(const Diagnosis& diagnosis);

}  // namespace muster::doctor
