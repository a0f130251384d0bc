// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/bootstrap/plan.hpp"

namespace muster::bootstrap {

/// The leader's initial program as an argument vector, the shim included (design, section 6); empty
/// when there is none (interactive, or no command). `size` is the number of brokers at start.
/// Errors: usage.
Result<std::vector<std::string>> make_initial_program(const Settings& settings,
                                                      const std::vector<std::string>& command,
                                                      const LocalFacts& facts, std::uint32_t size,
                                                      const Paths& paths);

}  // namespace muster::bootstrap
