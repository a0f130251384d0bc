// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "muster/bootstrap/plan.hpp"

namespace muster::bootstrap {

/// Lets the broker of `plan` connect to its parent at the numeric `address`, where it would have
/// looked up a name: for a name that the gates know better than the broker's own look-up would. Of
/// its broker.toml only that changes; the other pods' need not be the same. False when the parent's
/// connect URI has an address already. Errors: config (there is no parent in it).
Result<bool> connect_by_address(Plan& plan, const std::string& address);

}  // namespace muster::bootstrap
