// SPDX-License-Identifier: Apache-2.0
#include "explain.hpp"

#include <linux/limits.h>
#include <string.h>

#include <array>

#include "text.hpp"

namespace muster::init {

bool has_explain(char* const command[]) {
    return command[1] != nullptr && strcmp(command[1], "run") == 0;
}

namespace {

/// Both roles' paths lie in the agent's directory. False when it has no name of its own.
bool set_directory(std::array<char, PATH_MAX>& into, const char* path) {
    const char* slash = strrchr(path, '/');
    if (slash == nullptr || slash == path) {
        return false;
    }
    const auto length = static_cast<std::size_t>(slash - path);
    memcpy(into.data(), path, length);
    into[length] = '\0';
    return true;
}

}  // namespace

Spawned spawn_explain(Spawner& spawner, char* program, char* const environment[],
                      const Verdict& verdict, const RolePipe& pipe, const Relay& relay) {
    Line number;
    number << verdict.code;
    std::array<char, PATH_MAX> directory{};
    std::array<const char*, 12> words{
        "", "explain", "--status", number.c_str(), "--role", role_name(pipe.role())};
    std::size_t count = 6;
    if (verdict.recorded) {
        words[count++] = "--program-status";
        words[count++] = pipe.path();
    }
    if (set_directory(directory, pipe.path())) {
        words[count++] = "--dir";
        words[count++] = directory.data();
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
