// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace muster {

/// What went wrong, as the caller's next step: each kind is one exit code of the programs.
/// 64 to 78 are sysexits.h; 126 and 127 are the shell's (POSIX, 2.8.2).
enum class Kind : int {
    usage = 64,            ///< the command line or a setting cannot be used
    malformed = 65,        ///< an input file has the wrong content
    no_name = 68,          ///< the parent's name never appeared
    unavailable = 69,      ///< its address never answered, or nothing ever listened
    internal = 70,         ///< a bug in muster
    io = 73,               ///< a file or directory cannot be written or read
    protocol = 76,         ///< the peer answered, but CURVE or the protocol failed
    denied = 77,           ///< the certificate may not be used (permissions)
    config = 78,           ///< configuration that no retry can mend
    not_executable = 126,  ///< the broker or program exists but cannot be executed
    no_program = 127,      ///< the broker or program was not found
};

/// The exit code of a program that failed with `kind`.
constexpr int exit_code(Kind kind) {
    return static_cast<int>(kind);
}

/// A row of the table that `muster help exit-codes` prints.
struct ExitCodeRow {
    int code;
    std::string_view name;
    std::string_view meaning;
    std::string_view mend;
};

/// Every code that muster itself can end with, ascending. Signals (128 + n) are not in it.
std::span<const ExitCodeRow> exit_codes();

/// The row of `code`, or nullptr when it is not one of ours.
const ExitCodeRow* find_exit_code(int code);

}  // namespace muster
