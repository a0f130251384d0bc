// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/flux.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "muster/base/fd.hpp"
#include "muster/base/reactor.hpp"
#include "muster/doctor/process.hpp"

namespace muster::doctor {
namespace {

constexpr std::size_t most_output = 64u << 20;

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

/// One command under way: its process and its two outputs.
class Asked {
  public:
    Asked(Reactor& reactor, std::function<void()> ended)
        : reactor_(&reactor), ended_(std::move(ended)) {}
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;
    ~Asked() { stop(); }

    Result<void> start(const Flux& flux, const Command& command) {
        TRY_ASSIGN(auto out, make_pipe());
        TRY_ASSIGN(auto err, make_pipe());
        const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        Child::Options options;
        options.argv.push_back(flux.program);
        options.argv.insert(options.argv.end(), command.begin(), command.end());
        options.environment = format_environment(flux_environment(flux));
        options.descriptors = {{null.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}};
        options.new_group = true;
        TRY_ASSIGN(auto child, Child::spawn(options));
        child_.emplace(std::move(child));
        watch(out_, std::move(out.read), answer_.out);
        watch(err_, std::move(err.read), answer_.err);
        reactor_->watch(child_->pidfd(), EPOLLIN, [this](std::uint32_t) {
            const auto status = child_->poll();
            if (!status) return;
            reactor_->forget(child_->pidfd());
            answer_.outcome = Answer::Outcome::ended;
            answer_.code = status->shell_code();
            child_.reset();
            settle();
        });
        return {};
    }

    bool done() const { return !child_ && !out_ && !err_; }
    Answer take() { return std::move(answer_); }
    void fail_to_start(const Error& error) {
        answer_.err = error.message;
        answer_.reason = error.kind;
    }

    /// Ends what has not ended.
    void stop() {
        forget(out_);
        forget(err_);
        if (!child_) return;
        answer_.outcome = Answer::Outcome::timed_out;
        answer_.at_work = look_at_process(child_->pid()).at_work();
        reactor_->forget(child_->pidfd());
        ::kill(-child_->pid(), SIGKILL);
        child_->wait();
        child_.reset();
    }

  private:
    void watch(Fd& member, Fd pipe, std::string& text) {
        member = std::move(pipe);
        static_cast<void>(set_nonblocking(member.get(), true));
        reactor_->watch(member.get(), EPOLLIN,
                        [this, &member, &text](std::uint32_t) { read(member, text); });
    }
    void read(Fd& pipe, std::string& text) {
        std::array<char, 65536> buffer{};
        const auto got = ::read(pipe.get(), buffer.data(), buffer.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got > 0 && text.size() < most_output) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
            return;
        }
        forget(pipe);
        settle();
    }
    void forget(Fd& pipe) {
        if (pipe) reactor_->forget(pipe.get());
        pipe.reset();
    }
    void settle() {
        if (done()) ended_();
    }

    Reactor* reactor_;
    std::function<void()> ended_;
    std::optional<Child> child_;
    Fd out_;
    Fd err_;
    Answer answer_;
};

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
    std::vector<Answer> answers(commands.size());
    auto reactor = Reactor::make(clock);
    if (!reactor) {
        for (auto& answer : answers) {
            answer.err = reactor.error().message;
            answer.reason = reactor.error().kind;
        }
        return answers;
    }
    std::vector<std::unique_ptr<Asked>> asked;
    const auto all_done = [&asked] {
        return std::all_of(asked.begin(), asked.end(), [](const auto& one) { return one->done(); });
    };
    for (const auto& command : commands) {
        asked.push_back(std::make_unique<Asked>(*reactor, [&] {
            if (asked.size() == commands.size() && all_done()) reactor->stop();
        }));
        if (const auto started = asked.back()->start(flux, command); !started)
            asked.back()->fail_to_start(started.error());
    }
    if (!all_done()) reactor->run(Deadline::after(clock, limit));
    for (std::size_t i = 0; i < asked.size(); ++i) {
        asked[i]->stop();
        answers[i] = asked[i]->take();
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
