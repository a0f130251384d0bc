// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/child.hpp"
#include "muster/base/reactor.hpp"

namespace muster::rehearsal {

/// What is to be executed, with nothing left to look up.
struct TaskPlan {
    std::vector<std::string> argv;
    std::vector<std::string> environment;  ///< "NAME=value"
    std::string directory;
};

/// The file that `command` means with `path` as PATH (execvp(3)), looked up from `directory`;
/// nothing when there is none. A command with a slash means itself.
std::optional<std::string> find_program(const std::string& command, std::string_view path,
                                        const std::string& directory);

/// Cuts a task's output into whole lines, as flux-shell does, so that lines of different tasks do
/// not mix. Passive.
class LineBuffer {
  public:
    static constexpr std::size_t longest = 64u << 10;  ///< a longer line goes out in pieces

    /// Takes `bytes` in and gives out what ends with a newline.
    std::string add(std::string_view bytes);
    /// The unfinished rest.
    std::string take_rest() { return std::exchange(rest_, {}); }

  private:
    std::string rest_;
};

/// One process of a job: its own process group, no standard input, output by lines.
class Task {
  public:
    enum class Stream { out, err };
    struct Handlers {
        std::function<void(Stream, std::string)> on_output;
        /// Ended, and its output read to the end. The Task may be destroyed in it.
        std::function<void(ExitStatus)> on_end;
    };

    /// Errors: no_program, not_executable, io; the message is the bare reason.
    static Result<std::unique_ptr<Task>> start(Reactor& reactor, const TaskPlan& plan,
                                               Handlers handlers);
    ~Task();

    /// Signals the whole process group. After SIGKILL its end does not wait for whoever else holds
    /// its output open.
    void signal(int signal);

  private:
    struct Pipe {
        Fd fd;
        LineBuffer lines;
    };
    Task(Reactor& reactor, Child child, Handlers handlers)
        : reactor_(reactor), child_(std::move(child)), handlers_(std::move(handlers)) {}
    void watch();
    void read(Stream stream);
    void close(Stream stream);
    void on_exit();
    void drain();
    void finish_if_done();
    Pipe& pipe(Stream stream) { return stream == Stream::out ? out_ : err_; }

    Reactor& reactor_;
    Child child_;
    Handlers handlers_;
    Pipe out_;
    Pipe err_;
    std::optional<ExitStatus> status_;
    bool killed_ = false;
};

}  // namespace muster::rehearsal
