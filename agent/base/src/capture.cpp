// SPDX-License-Identifier: Apache-2.0
#include "muster/base/capture.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

#include "muster/base/reactor.hpp"

namespace muster {
namespace {

/// One command under way: its process and its two outputs.
class Running {
  public:
    Running(Reactor& reactor, const CaptureOptions& options)
        : reactor_(&reactor), options_(&options) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { stop({}); }

    Result<void> start(Child::Options command, std::function<void()> settled) {
        settled_ = std::move(settled);
        TRY_ASSIGN(auto out, make_pipe());
        TRY_ASSIGN(auto err, make_pipe());
        const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        command.descriptors = {{null.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}};
        command.new_group = true;
        TRY_ASSIGN(auto child, Child::spawn(command));
        child_.emplace(std::move(child));
        watch(out_, std::move(out.read), captured_.out, options_->most_out);
        watch(err_, std::move(err.read), captured_.err, options_->most_err);
        reactor_->watch(child_->pidfd(), EPOLLIN, [this](std::uint32_t) {
            captured_.status = child_->poll();
            if (!captured_.status) return;
            reactor_->forget(child_->pidfd());
            child_.reset();
            settle();
        });
        return {};
    }

    bool done() const { return !child_ && !out_ && !err_; }
    Captured take() { return std::move(captured_); }

    /// Ends what has not ended.
    void stop(const std::function<void(pid_t)>& before_kill) {
        forget(out_);
        forget(err_);
        if (!child_) return;
        if (before_kill) before_kill(child_->pid());
        reactor_->forget(child_->pidfd());
        ::kill(-child_->pid(), SIGKILL);
        child_->wait();
        child_.reset();
    }

  private:
    void watch(Fd& member, Fd pipe, std::string& text, std::size_t most) {
        member = std::move(pipe);
        static_cast<void>(set_nonblocking(member.get(), true));
        reactor_->watch(member.get(), EPOLLIN,
                        [this, &member, &text, most](std::uint32_t) { read(member, text, most); });
    }
    void read(Fd& pipe, std::string& text, std::size_t most) {
        std::array<char, 65536> buffer{};
        const auto got = ::read(pipe.get(), buffer.data(), buffer.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got > 0) {
            text.append(buffer.data(), std::min(static_cast<std::size_t>(got), most - text.size()));
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
        if (done()) settled_();
    }

    Reactor* reactor_;
    const CaptureOptions* options_;
    std::function<void()> settled_;
    std::optional<Child> child_;
    Fd out_;
    Fd err_;
    Captured captured_;
};

}  // namespace

std::vector<Result<Captured>> capture(std::span<const Child::Options> commands, Deadline deadline,
                                      const Clock& clock, const CaptureOptions& options) {
    std::vector<Result<Captured>> results(commands.size());
    auto reactor = Reactor::make(clock);
    if (!reactor) {
        std::ranges::fill(results, tl::unexpected<Error>(reactor.error()));
        return results;
    }
    std::vector<std::unique_ptr<Running>> running;
    const auto all_done = [&running] {
        return std::ranges::all_of(running, [](const auto& one) { return one->done(); });
    };
    for (std::size_t i = 0; i < commands.size(); ++i) {
        running.push_back(std::make_unique<Running>(*reactor, options));
        const auto started = running.back()->start(commands[i], [&] {
            if (all_done()) reactor->stop();
        });
        if (!started) results[i] = tl::unexpected<Error>(started.error());
    }
    const auto begun = clock.now();
    std::size_t spoken = 0;
    std::function<void()> wait_to_speak = [&] {
        reactor->after(begun + options.moment(spoken) - clock.now(), [&] {
            options.on_wait(options.moment(spoken++));
            wait_to_speak();
        });
    };
    if (options.on_wait) wait_to_speak();
    if (!all_done()) reactor->run(deadline);
    for (std::size_t i = 0; i < commands.size(); ++i) {
        running[i]->stop([&](pid_t pid) {
            if (options.before_kill) options.before_kill(i, pid);
        });
        if (results[i]) results[i] = running[i]->take();
    }
    return results;
}

Result<Captured> capture(const Child::Options& command, Deadline deadline, const Clock& clock,
                         const CaptureOptions& options) {
    return std::move(capture(std::span(&command, 1), deadline, clock, options).front());
}

}  // namespace muster
