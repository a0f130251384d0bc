// SPDX-License-Identifier: Apache-2.0
#include "initial_program.hpp"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/ranges.h>

#include "task.hpp"

namespace muster::rehearsal {
namespace {

std::string shell_of(const Environment& environment) {
    const auto shell = environment.find("SHELL");
    return shell == environment.end() || shell->second.empty() ? "/bin/bash" : shell->second;
}

bool is_executable_file(const std::string& word) {
    struct stat info{};
    return word.find_first_of(" \t\n\v\f\r") == std::string::npos &&
           ::stat(word.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
           ::access(word.c_str(), X_OK | R_OK) == 0;
}

/// The command as Flux's log shows it: without the shell around it.
std::string shown(std::span<const std::string> command) {
    if (command.size() > 2 && command[1] == "-c" && command[0].ends_with("sh") &&
        command[0].starts_with('/'))
        command = command.subspan(2);
    return fmt::format("{}", fmt::join(command, " "));
}

}  // namespace

Result<std::vector<std::string>> initial_command(const std::vector<std::string>& words,
                                                 const Environment& environment) {
    if (words.size() > 1) return words;
    if (words.empty()) {
        if (::isatty(STDIN_FILENO) == 0)
            return fail(Kind::config, "stdin is not a tty - can't run interactive shell");
        return std::vector<std::string>{shell_of(environment)};
    }
    if (is_executable_file(words[0])) return words;
    return std::vector<std::string>{shell_of(environment), "-c", words[0]};
}

std::unique_ptr<InitialProgram> InitialProgram::start(Reactor& reactor, BrokerLog& log,
                                                      std::vector<std::string> command,
                                                      const Environment& environment,
                                                      std::function<void(int)> on_end) {
    std::unique_ptr<InitialProgram> program(
        new InitialProgram(reactor, log, std::move(command), std::move(on_end)));
    auto* self = program.get();
    const auto path = environment.find("PATH");
    const auto found =
        find_program(self->command_[0], path == environment.end() ? "" : path->second, ".");
    // Flux's rule: a broker that leads a process group keeps its program in it (and hangs up on
    // the whole group in the end); a shell on a terminal stays in the foreground either way.
    self->own_group_ = ::getpgrp() != ::getpid() && ::isatty(STDIN_FILENO) == 0;
    Result<Child> child = fail(Kind::no_program, "{}", os_error(ENOENT));
    if (found)
        child = Child::spawn({.argv = self->command_,
                              .program = *found,
                              .environment = format_environment(environment),
                              .new_group = self->own_group_});
    if (!child) {
        const int code = child.error().kind == Kind::no_program ? 127 : 126;
        const auto& text = child.error().message;
        const auto reason = code == 127 ? os_error(ENOENT) : text.substr(text.rfind(": ") + 2);
        reactor.after(Duration::zero(), [self, code, reason] { self->ended(code, reason); });
        return program;
    }
    self->child_ = std::move(*child);
    reactor.watch(self->child_->pidfd(), EPOLLIN, [self](std::uint32_t) {
        const auto status = self->child_->poll();
        if (!status) return;
        self->reactor_.forget(self->child_->pidfd());
        self->ended(status->shell_code(),
                    status->signal != 0 ? ::strsignal(status->signal) : "Exited");
    });
    return program;
}

InitialProgram::~InitialProgram() {
    if (child_) reactor_.forget(child_->pidfd());
}

void InitialProgram::ended(int code, std::string_view how) {
    if (code == 0 && aborted_) {
        code = 1;
        how = "aborted after exit with rc=0";
    }
    const auto seconds = std::chrono::duration<double>(reactor_.now() - started_).count();
    log_(code == 0 ? Severity::info : Severity::err, "broker", "rc2.0: {} {} (rc={}) {:.1f}s",
         shown(command_), how, code, seconds);
    const auto on_end = std::exchange(on_end_, nullptr);
    if (on_end) on_end(code);
}

void InitialProgram::hang_up() {
    aborted_ = true;
    if (!child_) return;
    if (own_group_)
        ::kill(-child_->pid(), SIGHUP);
    else
        child_->signal(SIGHUP);
}

}  // namespace muster::rehearsal
