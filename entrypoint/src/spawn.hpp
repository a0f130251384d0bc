// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/types.h>

#include <array>

namespace muster::init {

/// A new process, or why there is none.
struct Spawned {
    pid_t pid = -1;
    int error = 0;
};

/// Which of its descriptors a child gets from where. -1: as ours.
struct Descriptors {
    int err = -1;        ///< the command's stderr
    int reader_in = -1;  ///< a reader's stdin
};

/// What is done for a child before it is executed.
enum class Child {
    command,        ///< nothing but Descriptors::err
    in_foreground,  ///< the same, and its process group gets the terminal
    reader,         ///< Descriptors::reader_in
    plain,          ///< nothing
};

/// Starts programs in a process group of their own, with the signal mask that we were started with;
/// our dispositions are never changed, so theirs are what they would be without us. Everything is
/// allocated by prepare(): spawn() takes no heap and may be called when there is none left.
class Spawner {
  public:
    Spawner() = default;
    Spawner(const Spawner&) = delete;
    Spawner& operator=(const Spawner&) = delete;

    /// `mask` is the child's; `descriptors` need to be open only when a child is spawned. Returns 0
    /// or an error number.
    int prepare(const sigset_t& mask, const Descriptors& descriptors);
    /// execvp(3) semantics: PATH is searched, and a file that is executable but in no known format
    /// (a script without its first line) is given to /bin/sh.
    Spawned spawn(Child kind, char* const argv[], char* const envp[]);

  private:
    posix_spawnattr_t attributes_{};
    std::array<posix_spawn_file_actions_t, 4> actions_{};  ///< by Child
};

/// 127 for a program that does not exist, else 126 (POSIX shell, 2.8.2).
int spawn_exit_code(int error);

}  // namespace muster::init
