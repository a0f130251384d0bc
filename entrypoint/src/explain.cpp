// SPDX-License-Identifier: Apache-2.0
#include "explain.hpp"

#include <string.h>

#include "text.hpp"

namespace muster::init {

bool has_explain(char* const command[]) {
    return command[1] != nullptr && strcmp(command[1], "run") == 0;
}

Spawned spawn_explain(Spawner& spawner, char* program, char* const environment[], int code,
                      const RolePipe& pipe, const Relay& relay) {
    Line number;
    number << code;
    std::array<const char*, 10> words{
        "", "explain", "--status", number.c_str(), "--role", role_name(pipe.role())};
    std::size_t count = 6;
    if (pipe.role() == Role::leader && *pipe.path() != '\0') {
        words[count++] = "--program-status";
        words[count++] = pipe.path();
    }
    const bool has_tail = relay.offer_tail();
    if (has_tail) {
        words[count++] = "--tail";
    }
    std::array<char*, words.size()> argv{};
    for (std::size_t i = 0; i < count; ++i) {
        argv[i] = const_cast<char*>(words[i]);  // execve(2)'s type; nothing is written
    }
    argv[0] = program;
    return spawner.spawn(has_tail ? Child::reader : Child::plain, argv.data(), environment);
}

}  // namespace muster::init
