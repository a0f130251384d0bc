// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker_log.hpp"
#include "muster/base/child.hpp"
#include "muster/base/environment.hpp"
#include "muster/base/reactor.hpp"

namespace muster::rehearsal {

/// What is executed for an initial program of these words: themselves; `$SHELL -c WORD` for a lone
/// word that is no executable file; `$SHELL` alone for none, when standard input is a terminal.
/// Errors: config, with Flux's text.
Result<std::vector<std::string>> initial_command(const std::vector<std::string>& words,
                                                 const Environment& environment);

/// rc2 of Flux: the program on the leader whose end is the instance's.
class InitialProgram {
  public:
    /// Starts `command`; `on_end` gets its code (127 and 126 when it cannot be executed, 128 plus a
    /// signal, 1 instead of 0 after hang_up()), once, from the reactor's loop.
    static std::unique_ptr<InitialProgram> start(Reactor& reactor, BrokerLog& log,
                                                 std::vector<std::string> command,
                                                 const Environment& environment,
                                                 std::function<void(int)> on_end);
    ~InitialProgram();

    /// Sends SIGHUP, as Flux does to end it.
    void hang_up();

  private:
    InitialProgram(Reactor& reactor, BrokerLog& log, std::vector<std::string> command,
                   std::function<void(int)> on_end)
        : reactor_(reactor),
          log_(log),
          command_(std::move(command)),
          on_end_(std::move(on_end)),
          started_(reactor.now()) {}
    void ended(int code, std::string_view how);

    Reactor& reactor_;
    BrokerLog& log_;
    std::vector<std::string> command_;
    std::function<void(int)> on_end_;
    TimePoint started_;
    std::optional<Child> child_;
    bool own_group_ = false;
    bool aborted_ = false;
};

}  // namespace muster::rehearsal
