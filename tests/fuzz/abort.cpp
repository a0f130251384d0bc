// SPDX-License-Identifier: Apache-2.0
// In place of base's: libFuzzer keeps the input of a process that aborts, not of one that exits.
#include <cstdio>
#include <cstdlib>

#include "muster/base/assert.hpp"

void muster::assertion_failed(const char* file, int line, const char* condition) noexcept {
    std::fprintf(stderr, "fuzz: %s:%d: %s\n", file, line, condition);
    std::abort();
}
