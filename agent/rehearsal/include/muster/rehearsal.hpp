// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/base/environment.hpp"

namespace muster::rehearsal {

/// The program muster-rehearsal, which answers to the name `flux` too: a stand-in for the Flux
/// broker and for the few commands that a program uses with it (reference/flux-broker.md). It is
/// no scheduler and keeps nothing. `arguments` are the words after the program's name; the value is
/// the exit code.
int run_program(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace muster::rehearsal
