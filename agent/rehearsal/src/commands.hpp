// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"

namespace muster::rehearsal {

/// A command's words, without its name, and where it runs.
struct Invocation {
    std::span<const std::string> words;
    const Environment& environment;
};

// One function a command: the value is its exit code. An error is printed as
// "flux-COMMAND: ERROR: ..." and ends with 1, or 2 for a wrong command line.
Result<int> run_broker(const Invocation& call);
Result<int> run_submit(const Invocation& call);
Result<int> run_run(const Invocation& call);
Result<int> run_bulksubmit(const Invocation& call);
Result<int> run_alloc(const Invocation& call);
Result<int> run_exec(const Invocation& call);
Result<int> run_cancel(const Invocation& call);
Result<int> run_uptime(const Invocation& call);
Result<int> run_dmesg(const Invocation& call);
Result<int> run_getattr(const Invocation& call);
Result<int> run_overlay(const Invocation& call);
Result<int> run_resource(const Invocation& call);
Result<int> run_shutdown(const Invocation& call);
Result<int> run_proxy(const Invocation& call);
Result<int> run_version(const Invocation& call);

}  // namespace muster::rehearsal
