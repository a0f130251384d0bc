// SPDX-License-Identifier: Apache-2.0
// How the leader's program ended, from the shim to PID 1: "exit N\n" or "signal N\n".
#pragma once

#include <linux/limits.h>

#include <array>
#include <optional>
#include <string_view>

namespace muster::init {

/// The end of a process.
struct End {
    bool by_signal = false;
    int number = 0;  ///< exit code 0..255, or signal 1..64

    /// As a shell says it: the exit code, or 128 + signal.
    constexpr int code() const { return by_signal ? 128 + number : number; }
};

/// Text of a status file; anything that format would not have written is nothing.
std::optional<End> parse_end(std::string_view text);

/// The recorded end; nothing when there is no such file or it does not parse.
std::optional<End> read_end(const char* path);

/// Writes a status file by temp, fsync and rename. The temporary file and its block exist before
/// the program does, so that a full or read-only disk is said before anything runs, and not at its
/// end.
class StatusFile {
  public:
    StatusFile() = default;
    StatusFile(const StatusFile&) = delete;
    StatusFile& operator=(const StatusFile&) = delete;

    /// Creates the temporary file beside `path`, which must outlive this. Returns 0 or errno.
    int reserve(const char* path);
    /// Puts `end` in place. Returns 0 or errno.
    int record(End end);
    /// Takes the temporary file away again: nothing is recorded.
    void give_up();

  private:
    int fd_ = -1;
    const char* path_ = nullptr;
    std::array<char, PATH_MAX> temporary_{};
};

}  // namespace muster::init
