// SPDX-License-Identifier: Apache-2.0
#include "muster/base/own_program.hpp"

#include <errno.h>
#include <unistd.h>

#include <array>

namespace muster {

std::string own_program() {
    std::array<char, 4096> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    std::string program(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    // The launcher gives its own absolute path as our name (--argv0 of ld.so(8)).
    const bool is_loader = program.substr(program.rfind('/') + 1) == bundled_loader;
    return is_loader ? program_invocation_name : program;
}

std::string own_directory() {
    const auto program = own_program();
    return program.substr(0, program.rfind('/'));
}

}  // namespace muster
