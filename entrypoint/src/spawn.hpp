// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/types.h>

namespace muster::init {

/// A new process, or why there is none.
struct Spawned {
    pid_t pid = -1;
    int error = 0;
};

/// Starts programs in a process group of their own, with the signal mask that we were started with;
/// our dispositions are never changed, so theirs are what they would be without us. Everything is
/// allocated by prepare(): spawn() takes no heap and may be called when there is none left.
class Spawner {
  public:
    Spawner() = default;
    Spawner(const Spawner&) = delete;
    Spawner& operator=(const Spawner&) = delete;

    /// `mask` is the child's. Returns 0 or an error number.
    int prepare(const sigset_t& mask);
    /// execvp(3) semantics: PATH is searched, and a file that is executable but in no known format
    /// (a script without its first line) is given to /bin/sh.
    Spawned spawn(char* const argv[], char* const envp[], bool foreground);

  private:
    posix_spawnattr_t attributes_{};
    posix_spawn_file_actions_t to_foreground_{};
};

/// 127 for a program that does not exist, else 126 (POSIX shell, 2.8.2).
int spawn_exit_code(int error);

/// The caller's environment, less `dropped` variables, plus `added` ones ("NAME=VALUE", which also
/// replace). One allocation; null when it failed. Entries are shared, not copied.
char** make_environment(const char* const* dropped, char* const* added);

}  // namespace muster::init
