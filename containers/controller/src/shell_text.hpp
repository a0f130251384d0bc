// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/controller/minicluster.hpp"

namespace muster::controller {

/// Whether sh has something to do in `container`, before its command or after it.
bool has_shell_text(const Container& container);

/// `command` with what `container` has of shell text around it: one argument of sh, and the words
/// of the command after it. Where nothing follows the command, the command takes the place of sh.
/// `archive`, where it is not empty, is a file that the leader restores if there is one.
std::vector<std::string> with_shell_text(const Container& container, const std::string& archive,
                                         std::vector<std::string> command);

}  // namespace muster::controller
