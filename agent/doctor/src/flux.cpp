// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/flux.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "muster/base/capture.hpp"
#include "muster/base/fd.hpp"
#include "muster/doctor/process.hpp"

namespace muster::doctor {
namespace {

Environment flux_environment(const Flux& flux) {
    Environment environment = flux.environment;
    std::erase_if(environment, [](const auto& variable) {
        return variable.first.starts_with("MUSTER_") || variable.first == "FLUX_URI";
    });
    environment["FLUX_URI"] = "local://" + flux.socket;
    // flux resource will not start without one (flux-broker contract).
    environment.try_emplace("HOME", "/");
    return environment;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

std::string format_limit(Duration limit) {
    return fmt::format("{:.3g} s", std::chrono::duration<double>(limit).count());
}

}  // namespace

std::string Answer::complaint(const Command& command, Duration limit) const {
    std::string words = "flux";
    for (const auto& word : command) words += ' ' + word;
    if (outcome == Outcome::timed_out)
        return fmt::format("{}: no answer in {}", words, format_limit(limit));
    const auto line = first_line(err);
    return line.empty() ? fmt::format("{}: exit code {}", words, code) : line;
}

std::vector<Answer> ask(const Flux& flux, std::span<const Command> commands, Duration limit,
                        const Clock& clock) {
    std::vector<Child::Options> children;
    for (const auto& command : commands) {
        auto& child = children.emplace_back();
        child.argv.push_back(flux.program);
        child.argv.insert(child.argv.end(), command.begin(), command.end());
        child.environment = format_environment(flux_environment(flux));
    }
    std::vector<Answer> answers(commands.size());
    const CaptureOptions options{.before_kill =
                                     [&answers](std::size_t place, pid_t pid) {
                                         answers[place].at_work = look_at_process(pid).at_work();
                                     },
                                 .on_wait = flux.on_wait};
    auto captured = capture(children, Deadline::after(clock, limit), clock, options);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        auto& answer = answers[i];
        if (!captured[i]) {
            answer.reason = captured[i].error().kind;
            answer.err = captured[i].error().message;
            continue;
        }
        const auto& status = captured[i]->status;
        answer.outcome = status ? Answer::Outcome::ended : Answer::Outcome::timed_out;
        if (status) answer.code = status->shell_code();
        answer.out = std::move(captured[i]->out);
        answer.err = std::move(captured[i]->err);
    }
    return answers;
}

Answer ask(const Flux& flux, const Command& command, Duration limit, const Clock& clock) {
    return std::move(ask(flux, std::span(&command, 1), limit, clock).front());
}

Socket look_at_socket(const std::string& path) {
    Socket socket;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return socket;
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // NOLINTNEXTLINE: the sockets interface's own cast
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (fd && ::connect(fd.get(), generic, sizeof address) != 0) {
        const int error = errno;
        if (error == ECONNREFUSED) socket.state = Socket::State::refused;
        if (error == EACCES || error == EPERM) socket.state = Socket::State::denied;
        // A full queue: somebody listens, and is slow to accept.
        if (error == EAGAIN) socket.state = Socket::State::open;
        return socket;
    }
    socket.state = Socket::State::open;
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 &&
        credentials.pid > 0)
        socket.listener = credentials.pid;
    return socket;
}

}  // namespace muster::doctor
