// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/child.hpp"
#include "muster/base/reactor.hpp"

namespace muster::local {

/// The reading end of a pipe in a reactor. It can pause, so that a writer is held back while what
/// it wrote cannot be passed on.
class Source {
  public:
    using Reader = std::function<void(std::string_view data)>;  ///< empty data: the end

    Source(Reactor& reactor, Fd pipe, Reader reader);
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source() { close(); }

    bool open() const { return static_cast<bool>(pipe_); }
    void pause();
    void resume();
    /// Reads what there is, without waiting for more, then ends.
    void drain();
    /// Ends without reading: the writer gets SIGPIPE.
    void close();

  private:
    void on_readable();
    void end();

    Reactor* reactor_;
    Fd pipe_;
    Reader reader_;
    bool paused_ = false;
};

/// A pod's first process and its two outputs.
class Process {
  public:
    struct Options {
        std::vector<std::string> argv;
        std::vector<std::string> environment;
        bool one_output = false;  ///< standard output and standard error share a pipe, `err`
    };
    struct Handlers {
        Source::Reader out;
        Source::Reader err;
        /// It has ended and both outputs have: the last call.
        std::function<void(ExitStatus)> ended;
    };

    /// Starts it as the leader of a process group, with /dev/null as standard input.
    /// Errors: as Child::spawn, io.
    static Result<std::unique_ptr<Process>> start(Reactor& reactor, const Options& options,
                                                  Handlers handlers);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    pid_t pid() const { return child_.pid(); }
    void signal(int signal) const { child_.signal(signal); }
    /// Either is null once it has ended, or when there is one output only.
    Source* out() const { return out_.get(); }
    Source* err() const { return err_.get(); }

  private:
    Process(Reactor& reactor, Child child, Handlers handlers);
    void on_end();
    void tell_when_over();

    Reactor* reactor_;
    Child child_;
    Handlers handlers_;
    std::unique_ptr<Source> out_;
    std::unique_ptr<Source> err_;
    std::optional<ExitStatus> status_;
    Reactor::TimerId patience_ = 0;
};

}  // namespace muster::local
