// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace muster {

/// Environment variables as a value, so that functions of the environment stay pure.
using Environment = std::map<std::string, std::string>;

/// A copy of this process' environment.
Environment environment();

/// "NAME=value" strings, as execve(2) takes them.
std::vector<std::string> format_environment(const Environment& environment);

}  // namespace muster
