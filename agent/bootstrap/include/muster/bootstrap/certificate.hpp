// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/bootstrap/plan.hpp"
#include "muster/curve.hpp"

namespace muster::bootstrap {

/// The instance's certificate: read from --cert, derived from --secret, or made for an instance of
/// one broker; from the user's file when the user's [bootstrap] names one. Errors: config (none
/// given), and those of curve::read and curve::read_shared_secret.
Result<curve::Certificate> obtain_certificate(const Settings& settings, const Plan& plan);

}  // namespace muster::bootstrap
