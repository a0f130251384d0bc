// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace muster::curve {

/// Which modes a file with a secret may have when it is read. The question is asked of the open
/// descriptor, so symbolic links count as what they lead to. Ownership and write bits are not
/// looked at, as Flux does not (flux-broker.md, section 3).
enum class Permissions {
    /// Neither group nor others may read it (no S_IRGRP, no S_IROTH): Flux's own rule.
    private_only,
    /// The same, but on a read-only tmpfs mount any mode will do. That is what a Kubernetes Secret
    /// volume is (root-owned, 0644 by default, 0440 with fsGroup) and what a swarm secret is: there
    /// the platform sets the mode, and the mount is this container's alone. The kernel says so
    /// (fstatfs, fstatvfs), no path convention is believed; a stray readable file on a disk, or one
    /// in an image or a ConfigMap, stays refused. For callers that copy what they read to a private
    /// file.
    secret_volume,
};

}  // namespace muster::curve
