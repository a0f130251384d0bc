// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The key pair that all brokers of an instance share, and the files that hold it or what it is
/// derived from. Secrets live in wiped memory, have no formatter and appear in no message.
#include "muster/curve/certificate.hpp"       // IWYU pragma: export
#include "muster/curve/client_handshake.hpp"  // IWYU pragma: export
#include "muster/curve/keys.hpp"              // IWYU pragma: export
#include "muster/curve/permissions.hpp"       // IWYU pragma: export
#include "muster/curve/secret.hpp"            // IWYU pragma: export
#include "muster/curve/shared_secret.hpp"     // IWYU pragma: export
#include "muster/curve/z85.hpp"               // IWYU pragma: export
