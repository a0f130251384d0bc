// SPDX-License-Identifier: Apache-2.0
#include "task.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace muster::rehearsal {
namespace {

bool is_program(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

std::string_view path_of(const TaskPlan& plan) {
    for (const std::string_view variable : plan.environment)
        if (variable.starts_with("PATH=")) return variable.substr(5);
    return "/bin:/usr/bin";
}

Result<Child> spawn(Child::Options options) {
    auto child = Child::spawn(options);
    if (!child && child.error().message.ends_with(os_error(ENOEXEC))) {
        // execvp(3): what the kernel cannot execute is a shell script.
        options.argv[0] = std::exchange(options.program, "/bin/sh");
        options.argv.insert(options.argv.begin(), "/bin/sh");
        child = Child::spawn(options);
    }
    if (child) return child;
    auto error = std::move(child.error());
    const auto colon = error.message.rfind(": ");
    error.message =
        error.kind == Kind::no_program ? os_error(ENOENT) : error.message.substr(colon + 2);
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace

std::optional<std::string> find_program(const std::string& command, std::string_view path,
                                        const std::string& directory) {
    if (command.find('/') != std::string::npos) return command;
    if (command.empty()) return std::nullopt;
    while (true) {
        const auto colon = path.find(':');
        std::string candidate(path.substr(0, colon));
        if (candidate.empty()) candidate = ".";
        candidate += '/';
        candidate += command;
        if (is_program(candidate.starts_with('/') ? candidate : directory + '/' + candidate))
            return candidate;
        if (colon == std::string_view::npos) return std::nullopt;
        path.remove_prefix(colon + 1);
    }
}

std::string LineBuffer::add(std::string_view bytes) {
    const auto newline = bytes.rfind('\n');
    std::string whole;
    if (newline != std::string_view::npos) {
        whole = std::move(rest_);
        rest_.clear();
        whole += bytes.substr(0, newline + 1);
        bytes.remove_prefix(newline + 1);
    }
    rest_ += bytes;
    if (rest_.size() >= longest) whole += take_rest();
    return whole;
}

Result<std::unique_ptr<Task>> Task::start(Reactor& reactor, const TaskPlan& plan,
                                          Handlers handlers) {
    const auto program = find_program(plan.argv.at(0), path_of(plan), plan.directory);
    if (!program) return fail(Kind::no_program, "{}", os_error(ENOENT));
    TRY_ASSIGN(auto out, make_pipe());
    TRY_ASSIGN(auto err, make_pipe());
    Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) return fail(Kind::io, "open /dev/null: {}", os_error(errno));
    TRY(set_nonblocking(out.read.get(), true));
    TRY(set_nonblocking(err.read.get(), true));
    TRY_ASSIGN(auto child, spawn({.argv = plan.argv,
                                  .program = *program,
                                  .environment = plan.environment,
                                  .descriptors = {{null.get(), STDIN_FILENO},
                                                  {out.write.get(), STDOUT_FILENO},
                                                  {err.write.get(), STDERR_FILENO}},
                                  .directory = plan.directory,
                                  .new_group = true}));
    std::unique_ptr<Task> task(new Task(reactor, std::move(child), std::move(handlers)));
    task->out_.fd = std::move(out.read);
    task->err_.fd = std::move(err.read);
    task->watch();
    return task;
}

Task::~Task() {
    handlers_ = {[](Stream, const std::string&) {}, [](ExitStatus) {}};
    close(Stream::out);
    close(Stream::err);
    if (!status_) {
        reactor_.forget(child_.pidfd());
        signal(SIGKILL);
        child_.wait();
    }
}

void Task::watch() {
    for (const Stream stream : {Stream::out, Stream::err})
        reactor_.watch(pipe(stream).fd.get(), EPOLLIN,
                       [this, stream](std::uint32_t) { read(stream); });
    reactor_.watch(child_.pidfd(), EPOLLIN, [this](std::uint32_t) { on_exit(); });
}

void Task::read(Stream stream) {
    auto& from = pipe(stream);
    std::array<char, 16384> buffer{};
    const auto got = ::read(from.fd.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) {
        auto lines = from.lines.add({buffer.data(), static_cast<std::size_t>(got)});
        if (!lines.empty()) handlers_.on_output(stream, std::move(lines));
        return;
    }
    close(stream);
    finish_if_done();
}

void Task::close(Stream stream) {
    auto& from = pipe(stream);
    if (!from.fd) return;
    reactor_.forget(from.fd.get());
    from.fd.reset();
    auto rest = from.lines.take_rest();
    if (!rest.empty()) handlers_.on_output(stream, std::move(rest));
}

void Task::on_exit() {
    status_ = child_.poll();
    if (!status_) return;
    reactor_.forget(child_.pidfd());
    finish_if_done();
}

void Task::drain() {
    // Whoever escaped from the process group may keep the pipes open for ever, or write for ever.
    for (const Stream stream : {Stream::out, Stream::err}) {
        std::array<char, 16384> buffer{};
        for (int i = 0; i < 64 && pipe(stream).fd; ++i) {
            const auto got = ::read(pipe(stream).fd.get(), buffer.data(), buffer.size());
            if (got <= 0) break;
            auto lines = pipe(stream).lines.add({buffer.data(), static_cast<std::size_t>(got)});
            if (!lines.empty()) handlers_.on_output(stream, std::move(lines));
        }
        close(stream);
    }
}

void Task::finish_if_done() {
    if (!status_) return;
    if (killed_) drain();
    if (out_.fd || err_.fd) return;
    const auto on_end = std::move(handlers_.on_end);
    on_end(*status_);
}

void Task::signal(int signal) {
    if (signal == SIGKILL) killed_ = true;
    ::kill(-child_.pid(), signal);
    if (signal == SIGKILL) finish_if_done();
}

}  // namespace muster::rehearsal
