// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/bootstrap/facts.hpp"
#include "muster/bootstrap/plan.hpp"
#include "muster/doctor/flux.hpp"

namespace muster::doctor {

/// How this pod's `muster run` was told its settings, where PID 1 is our muster-init: words and
/// variables that a later `kubectl exec` does not have.
struct Entrypoint {
    std::vector<std::string> words;  ///< flags of `muster run`, without its command
    Environment environment;         ///< its MUSTER_* variables
};
/// From /proc/1 below `root`; empty where PID 1 is something else, or may not be looked at.
Entrypoint read_entrypoint(const std::string& root = "");

/// `words` after the entrypoint's flags, and `environment` over the entrypoint's variables: what is
/// said now wins.
std::vector<std::string> words_over(const Entrypoint& entrypoint,
                                    std::span<const std::string> words);
Environment environment_over(const Entrypoint& entrypoint, Environment environment);

/// The program that the broker of this directory answers, as its report tells: the rehearsal's
/// socket speaks another language than Flux's. Without a report by --flux, and the rehearsal where
/// there is no Flux. Only programs of ours, of --flux and of PATH: a report may be anybody's.
/// Errors: no_program.
Result<std::string> choose_flux(const bootstrap::Settings& settings);

/// This pod as `muster run` sees it.
struct Pod {
    bootstrap::Settings settings;
    bootstrap::LocalFacts facts;
    bootstrap::Plan plan;
    Flux flux;
};
/// The plan is that of `muster run` with these settings, without a program. Errors: those of
/// gather_facts() and make_plan().
Result<Pod> load_pod(const bootstrap::Settings& settings, const Environment& environment);

/// Refuses a pod in whose directory the broker of another one lives, as its report says: verdicts
/// with our settings would be none about it. Errors: config.
Result<void> check_whose_directory(const Pod& pod);

}  // namespace muster::doctor
