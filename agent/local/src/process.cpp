// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace muster::local {
namespace {

constexpr std::size_t buffer_size = 64u << 10;
// Outputs end with the last process that holds them: normally before the pod's first process does.
constexpr Duration output_patience = std::chrono::milliseconds(200);

/// One buffer for all reads: there is one thread, and readers copy what they keep.
std::array<char, buffer_size>& buffer() {
    static std::array<char, buffer_size> bytes;
    return bytes;
}

}  // namespace

Source::Source(Reactor& reactor, Fd pipe, Reader reader)
    : reactor_(&reactor), pipe_(std::move(pipe)), reader_(std::move(reader)) {
    reactor_->watch(pipe_.get(), EPOLLIN, [this](std::uint32_t) { on_readable(); });
}

void Source::on_readable() {
    const ssize_t count = ::read(pipe_.get(), buffer().data(), buffer().size());
    if (count > 0) {
        reader_({buffer().data(), static_cast<std::size_t>(count)});
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        end();
    }
}

void Source::end() {
    close();
    reader_({});
}

void Source::close() {
    if (pipe_ && !paused_) reactor_->forget(pipe_.get());
    pipe_.reset();
}

void Source::pause() {
    if (!pipe_ || paused_) return;
    paused_ = true;
    reactor_->forget(pipe_.get());
}

void Source::resume() {
    if (!pipe_ || !paused_) return;
    paused_ = false;
    reactor_->watch(pipe_.get(), EPOLLIN, [this](std::uint32_t) { on_readable(); });
}

void Source::drain() {
    if (!pipe_) return;
    for (;;) {
        const ssize_t count = ::read(pipe_.get(), buffer().data(), buffer().size());
        if (count <= 0) break;
        reader_({buffer().data(), static_cast<std::size_t>(count)});
        if (!pipe_) return;  // the reader closed it
    }
    end();
}

Process::Process(Reactor& reactor, Child child, Handlers handlers)
    : reactor_(&reactor), child_(std::move(child)), handlers_(std::move(handlers)) {
    reactor_->watch(child_.pidfd(), EPOLLIN, [this](std::uint32_t) { on_end(); });
}

Process::~Process() {
    if (!status_) reactor_->forget(child_.pidfd());
    reactor_->cancel(patience_);
}

Result<std::unique_ptr<Process>> Process::start(Reactor& reactor, const Options& options,
                                                Handlers handlers) {
    const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) return fail(Kind::io, "open /dev/null: {}", os_error(errno));
    TRY_ASSIGN(Pipe err, make_pipe());
    Pipe out;
    if (!options.one_output) {
        TRY_ASSIGN(out, make_pipe());
    }
    const int child_out = options.one_output ? err.write.get() : out.write.get();
    TRY_ASSIGN(Child child,
               Child::spawn({.argv = options.argv,
                             .environment = options.environment,
                             .descriptors = {{null.get(), 0}, {child_out, 1}, {err.write.get(), 2}},
                             .directory = {},
                             .new_group = true}));
    std::unique_ptr<Process> process(new Process(reactor, std::move(child), std::move(handlers)));
    auto* self = process.get();
    const auto reading = [self](const Source::Reader& reader) {
        return [self, &reader](std::string_view data) {
            reader(data);
            if (data.empty()) self->tell_when_over();
        };
    };
    TRY(set_nonblocking(err.read.get(), true));
    self->err_ =
        std::make_unique<Source>(reactor, std::move(err.read), reading(self->handlers_.err));
    if (!options.one_output) {
        TRY(set_nonblocking(out.read.get(), true));
        self->out_ =
            std::make_unique<Source>(reactor, std::move(out.read), reading(self->handlers_.out));
    }
    return process;
}

void Process::on_end() {
    status_ = child_.poll();
    if (!status_) return;
    reactor_->forget(child_.pidfd());
    patience_ = reactor_->after(output_patience, [this] {
        patience_ = 0;
        if (out_) out_->drain();
        if (err_) err_->drain();
        tell_when_over();
    });
    tell_when_over();
}

void Process::tell_when_over() {
    if (!status_ || (out_ && out_->open()) || (err_ && err_->open()) || !handlers_.ended) return;
    reactor_->cancel(patience_);
    // From the loop: the one who is told may destroy this process.
    reactor_->after(Duration::zero(), [ended = std::exchange(handlers_.ended, nullptr),
                                       status = *status_] { ended(status); });
}

}  // namespace muster::local
