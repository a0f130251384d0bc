// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/bootstrap/plan.hpp"

namespace muster::bootstrap {

/// Looks at this pod: hostname, resolv.conf, hosts file, what hwloc and the cgroup allow, the
/// user's files, where flux, muster-init and the rehearsal are. Logs what detection noted. Errors:
/// io, malformed (files of the user); usage.
Result<LocalFacts> gather_facts(const Settings& settings, const std::vector<std::string>& command);

/// The program `name`: a path is taken as it is, a bare name is looked up in PATH. Empty when it is
/// not there.
std::string find_program(const std::string& name);

/// Flux's program by --flux: like find_program(), or `flux` or `bin/flux` in a directory.
std::string find_flux(const std::string& name);

/// A program of ours: beside this executable, or else in PATH. The bare name when it is in neither.
std::string find_own_program(const std::string& name);

}  // namespace muster::bootstrap
