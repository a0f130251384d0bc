// SPDX-License-Identifier: Apache-2.0
#include "spawn.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "muster/base/exit_code.hpp"

namespace muster::init {
namespace {

constexpr std::size_t most_script_arguments = 1024;

/// The first file called `name` in PATH that access(2) grants `mode` for. False when there is none.
bool find_program(const char* name, int mode, std::array<char, PATH_MAX>& path) {
    const std::string_view word(name);
    std::string_view rest;
    if (word.find('/') == std::string_view::npos) {
        const char* search = getenv("PATH");
        rest = search != nullptr ? search : "/bin:/usr/bin";
    }
    for (;;) {
        const std::size_t colon = rest.find(':');
        const std::size_t length = colon == std::string_view::npos ? rest.size() : colon;
        const std::size_t slash = length > 0 ? 1 : 0;
        if (length + slash + word.size() < path.size()) {
            if (length > 0) {
                memcpy(path.data(), rest.data(), length);
                path[length] = '/';
            }
            memcpy(path.data() + length + slash, word.data(), word.size());
            path[length + slash + word.size()] = '\0';
            if (access(path.data(), mode) == 0) {
                return true;
            }
        }
        if (colon == std::string_view::npos) {
            return false;
        }
        rest.remove_prefix(colon + 1);
    }
}

/// 32 and 33, which glibc keeps for itself: its posix_spawn(3) leaves them ignored in the child
/// unless told otherwise. They are set by hand because sigaddset(3) refuses them.
sigset_t internal_signals() {
    sigset_t set;
    sigemptyset(&set);
    static_assert(sizeof(unsigned long) == 8);
    constexpr unsigned long bits = 1UL << 31 | 1UL << 32;
    memcpy(&set, &bits, sizeof bits);
    return set;
}

/// Whether a file of no known format is no script either, as bash tells: a zero byte in its first
/// line. A program for another machine, say; a shell would complain about its bytes.
bool is_binary(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    std::array<char, 80> start{};
    const ssize_t got = fd >= 0 ? read(fd, start.data(), start.size()) : 0;
    if (fd >= 0) {
        close(fd);
    }
    for (std::size_t i = 0; got > 0 && i < static_cast<std::size_t>(got) && start[i] != '\n'; ++i) {
        if (start[i] == '\0') {
            return true;
        }
    }
    return false;
}

/// All of it runs in the child before exec, with all signals blocked, so SIGTTOU cannot stop it
/// there.
int prepare_actions(posix_spawn_file_actions_t& actions, Child child,
                    const Descriptors& descriptors) {
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0 && child == Child::in_foreground) {
        error = posix_spawn_file_actions_addtcsetpgrp_np(&actions, STDIN_FILENO);
    }
    if (error == 0 && child == Child::reader && descriptors.reader_in >= 0) {
        error = posix_spawn_file_actions_adddup2(&actions, descriptors.reader_in, STDIN_FILENO);
    }
    if (error == 0 && child != Child::reader && child != Child::plain && descriptors.err >= 0) {
        error = posix_spawn_file_actions_adddup2(&actions, descriptors.err, STDERR_FILENO);
    }
    return error;
}

}  // namespace

int Spawner::prepare(const sigset_t& mask, const Descriptors& descriptors) {
    int error = posix_spawnattr_init(&attributes_);
    if (error == 0) {
        error = posix_spawnattr_setsigmask(&attributes_, &mask);
    }
    if (error == 0) {
        error = posix_spawnattr_setpgroup(&attributes_, 0);
    }
    if (error == 0) {
        const sigset_t internal = internal_signals();
        error = posix_spawnattr_setsigdefault(&attributes_, &internal);
    }
    if (error == 0) {
        error = posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    }
    for (std::size_t i = 0; error == 0 && i < actions_.size(); ++i) {
        error = prepare_actions(actions_[i], static_cast<Child>(i), descriptors);
    }
    return error;
}

Spawned Spawner::spawn(Child kind, char* const argv[], char* const envp[]) {
    Spawned child;
    const posix_spawn_file_actions_t* actions = &actions_[static_cast<std::size_t>(kind)];
    child.error = posix_spawnp(&child.pid, argv[0], actions, &attributes_, argv, envp);
    if (child.error != 0 && kind == Child::in_foreground) {
        // The terminal may have gone; the program can do without it.
        actions = &actions_[static_cast<std::size_t>(Child::command)];
        child.error = posix_spawnp(&child.pid, argv[0], actions, &attributes_, argv, envp);
    }
    std::array<char, PATH_MAX> script{};
    if (child.error == EACCES && strchr(argv[0], '/') == nullptr &&
        !find_program(argv[0], F_OK, script)) {
        // Some directory in PATH may not be searched (/root/bin, for another uid): nothing was
        // found.
        child.error = ENOENT;
    }
    if (child.error != ENOEXEC || !find_program(argv[0], X_OK, script) ||
        is_binary(script.data())) {
        return child;
    }
    std::array<char*, most_script_arguments + 3> words{};
    std::array<char, 8> shell{"/bin/sh"};
    std::size_t count = 0;
    words[count++] = shell.data();
    words[count++] = script.data();
    for (char* const* word = argv + 1; *word != nullptr; ++word) {
        if (count > most_script_arguments) {
            return child;
        }
        words[count++] = *word;
    }
    child.error = posix_spawn(&child.pid, words[0], actions, &attributes_, words.data(), envp);
    return child;
}

int spawn_exit_code(int error) {
    return exit_code(error == ENOENT || error == ENOTDIR ? Kind::no_program : Kind::not_executable);
}

}  // namespace muster::init
