// SPDX-License-Identifier: Apache-2.0
#include "muster/base/assert.hpp"

#include <unistd.h>

#include <cstdio>

#include "muster/base/exit_code.hpp"

namespace muster {

void assertion_failed(const char* file, int line, const char* condition) noexcept {
    std::fprintf(stderr, "muster: bug at %s:%d: %s\n", file, line, condition);
    _exit(exit_code(Kind::internal));
}

}  // namespace muster
