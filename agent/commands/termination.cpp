// SPDX-License-Identifier: Apache-2.0
#include "termination.hpp"

#include <fcntl.h>

#include <cstdlib>
#include <string>

#include "muster/base/fd.hpp"

namespace muster::commands {

void write_termination_message(std::string_view message) {
    const char* other = ::getenv("TERMINATION_LOG");  // NOLINT: one thread
    // No O_CREAT: kubelet makes the file; where it is absent nobody reads it.
    const Fd file(::open(other != nullptr ? other : "/dev/termination-log",
                         O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
    if (!file) return;
    constexpr std::size_t kubernetes_limit = 4096;
    static_cast<void>(
        write_all(file.get(), std::string(message.substr(0, kubernetes_limit - 1)) + "\n"));
}

}  // namespace muster::commands
