// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "text.hpp"

namespace muster::init {

/// What a follower does when the instance ended in order.
enum class OnEnd { exit, rejoin };

/// What the command line asks for.
enum class Ask { supervise, program, help, version };

/// Flags and environment of both faces of the program. Pointers lead into argv and the environment.
struct Options {
    Ask ask = Ask::supervise;
    Millis grace{25'000};              ///< from the first request to stop until everything is gone
    const char* grace_text = nullptr;  ///< as the flag gave it, to be handed on as MUSTER_GRACE
    OnEnd on_end = OnEnd::exit;
    bool on_end_given = false;     ///< by the flag
    const char* status = nullptr;  ///< `program` only: where the program's end is recorded
    char** command = nullptr;      ///< null-terminated, at least one word
};

/// Options, or one sentence in `problem` (then the exit code is 64).
struct Parsed {
    Options options;
    Line problem;
};

/// Reads one environment variable; getenv(3) outside tests.
using Lookup = char* (*)(const char* name);

/// `argv` as main() has it, null-terminated. Flags win over MUSTER_GRACE and MUSTER_ON_END. A value
/// with "://" in such a variable is what a Service named muster puts there, and is ignored.
Parsed parse_args(char** argv, Lookup lookup);

/// What --help prints.
std::string_view help_text();

}  // namespace muster::init
