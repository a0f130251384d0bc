// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/child.hpp"
#include "muster/base/clock.hpp"
#include "muster/base/environment.hpp"

namespace muster::doctor {

/// A flux program and the broker that it is to ask.
struct Flux {
    std::string program;      ///< flux, or muster-rehearsal
    std::string socket;       ///< the broker's local socket
    Environment environment;  ///< of the asking process; MUSTER_* are left out, FLUX_URI is set
    /// Is told now and then for how long an answer has been awaited.
    std::function<void(Duration)> on_wait = {};
};

using Command = std::vector<std::string>;  ///< the words after `flux`

/// What a flux command said.
struct Answer {
    enum class Outcome { ended, timed_out, not_started };
    Outcome outcome = Outcome::not_started;
    int code = 0;  ///< of one that has ended, as a shell has it
    std::string out;
    std::string err;       ///< also why it could not be started
    Kind reason{};         ///< of one that could not be started
    bool at_work = false;  ///< of one that timed out: the command itself had not come to wait

    bool ok() const { return outcome == Outcome::ended && code == 0; }
    /// Its first line on standard error, or what else went wrong: "flux uptime: no answer in 2 s".
    std::string complaint(const Command& command, Duration limit) const;
};

/// Runs the commands side by side, each for at most `limit`; what runs longer is killed, and what
/// it had printed until then stays. Answers in the order of the commands.
std::vector<Answer> ask(const Flux& flux, std::span<const Command> commands, Duration limit,
                        const Clock& clock);
Answer ask(const Flux& flux, const Command& command, Duration limit, const Clock& clock);

/// What is behind a broker's socket, without asking it anything.
struct Socket {
    enum class State {
        absent,   ///< no such file: no broker has been there, or it ended in order
        refused,  ///< the file of a broker that was killed
        denied,   ///< this user may not connect
        open      ///< somebody listens
    };
    State state = State::absent;
    std::optional<pid_t> listener;  ///< the process that listens (SO_PEERCRED), in our namespace
};
Socket look_at_socket(const std::string& path);

}  // namespace muster::doctor
