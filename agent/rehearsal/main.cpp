// SPDX-License-Identifier: Apache-2.0
#include "muster/rehearsal.hpp"

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return muster::rehearsal::run_program(arguments, muster::environment());
}
