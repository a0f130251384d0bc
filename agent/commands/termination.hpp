// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace muster::commands {

/// Leaves `message` where Kubernetes looks for it (terminationMessagePath, default
/// /dev/termination-log; the variable TERMINATION_LOG names another). Does nothing where there is
/// no such file: outside a pod.
void write_termination_message(std::string_view message);

}  // namespace muster::commands
