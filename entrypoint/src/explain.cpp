// SPDX-License-Identifier: Apache-2.0
#include "explain.hpp"

#include <string.h>

#include "text.hpp"

namespace muster::init {

bool has_explain(char* const command[]) {
    return command[1] != nullptr && strcmp(command[1], "run") == 0;
}

Spawned spawn_explain(Spawner& spawner, char* program, char* const environment[], int code,
                      const RolePipe& pipe) {
    Line number;
    number << code;
    const bool has_program = pipe.role() == Role::leader && *pipe.path() != '\0';
    const std::array<const char*, 9> words{"",
                                           "explain",
                                           "--status",
                                           number.c_str(),
                                           "--role",
                                           role_name(pipe.role()),
                                           has_program ? "--program-status" : nullptr,
                                           pipe.path(),
                                           nullptr};
    std::array<char*, words.size()> argv{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        argv[i] = const_cast<char*>(words[i]);  // execve(2)'s type; nothing is written
    }
    argv[0] = program;
    return spawner.spawn(argv.data(), environment, false);
}

}  // namespace muster::init
