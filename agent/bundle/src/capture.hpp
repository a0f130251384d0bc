// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::bundle {

/// How a program ended that was run to its end, and what it printed on both outputs.
struct Captured {
    int code = 0;  ///< 128 + n for signal n
    std::string output;
    std::string first_line() const { return output.substr(0, output.find('\n')); }
};

/// Runs `argv` with an empty environment and no input. Errors: those of Child::spawn, io.
Result<Captured> capture(const std::vector<std::string>& argv);

}  // namespace muster::bundle
