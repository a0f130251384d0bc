// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace muster {
/// Prints where and what, then ends the process with exit code 70 (a bug).
[[noreturn]] void assertion_failed(const char* file, int line, const char* condition) noexcept;
}  // namespace muster

/// For what only a bug can break; on in release too. Bad input is a Result, never an assertion.
#define MUSTER_ASSERT(condition)        \
    ((condition) ? static_cast<void>(0) \
                 : ::muster::assertion_failed(__FILE__, __LINE__, #condition))
