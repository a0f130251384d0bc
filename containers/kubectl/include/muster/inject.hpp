// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::inject {

/// What to put in, and where. Nothing here is a secret: the Secret is named, never read.
struct Options {
    std::string image = "muster";         ///< image that holds muster, for the init container
    std::optional<std::string> secret;    ///< Secret with curve.cert; default: <workload>-curve
    std::optional<std::string> workload;  ///< name of the workload, where there are several
    std::optional<std::string> job;       ///< of a JobSet's replicatedJobs, where there are several
    std::optional<std::string> container;  ///< name of the container, where there are several
    std::optional<std::string> flux;       ///< MUSTER_FLUX
};

/// The manifest with muster in the pods of one workload: an init container that installs the
/// bundle, its volumes, the entrypoint before the command, settings, the Secret's reference, and
/// the headless Service. What is there already stays, byte for byte, comments too; so the result,
/// given again, comes back as it is. `source` is the manifest's name in messages.
/// Errors: malformed, saying what keeps muster out and how to mend it.
Result<std::string> inject(std::string manifest, std::string_view source, const Options& options);

}  // namespace muster::inject
