// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::bundle {

/// How a program ended, and what it printed.
struct Said {
    int code = 0;  ///< 128 + n for signal n
    std::string out;
    std::string first_line;  ///< of what it printed on standard error, or else on standard output
};

/// Runs `argv` with an empty environment and no input, for at most half a minute.
/// Errors: those of capture(), config (it did not end).
Result<Said> run_program(const std::vector<std::string>& argv);

}  // namespace muster::bundle
