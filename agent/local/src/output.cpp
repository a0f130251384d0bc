// SPDX-License-Identifier: Apache-2.0
#include "muster/local/output.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace muster::local {
namespace {

// A pipe that poll(2) calls writable takes this much without blocking (PIPE_BUF); a terminal too.
constexpr std::size_t portion = 4096;
constexpr Duration retry_interval = std::chrono::milliseconds(5);

bool is_writable_now(int fd) {
    pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
    return ::poll(&entry, 1, 0) != 0;  // errors count: write(2) tells which
}

/// Whether epoll(7) takes it; regular files and some devices it refuses, and they never block.
bool can_be_watched(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) return false;
    return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || ::isatty(fd) == 1;
}

bool is_same_file(int one, int other) {
    struct stat a{};
    struct stat b{};
    if (::fstat(one, &a) != 0 || ::fstat(other, &b) != 0) return false;
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

Sink::Sink(Reactor& reactor, int fd, std::function<void()> on_drained)
    : reactor_(&reactor), fd_(fd), on_drained_(std::move(on_drained)) {}

Sink::~Sink() {
    reactor_->cancel(retry_);
    if (watched_) reactor_->forget(fd_);
}

void Sink::write(std::string_view data) {
    if (broken()) return;
    queue_.append(data);
    if (!watched_ && retry_ == 0) flush();
}

void Sink::flush() {
    const bool was_congested = congested();
    while (!broken() && !empty() && is_writable_now(fd_)) {
        const std::size_t size = std::min(portion, queue_.size() - written_);
        const ssize_t count = ::write(fd_, queue_.data() + written_, size);
        if (count >= 0) {
            written_ += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            error_ = errno;
        }
    }
    if (broken() || empty()) {
        queue_.clear();
        written_ = 0;
    } else if (written_ >= high_water) {
        queue_.erase(0, written_);
        written_ = 0;
    }
    if (watched_ && empty()) {
        reactor_->forget(fd_);
        watched_ = false;
    } else if (!empty()) {
        wait_until_writable();
    }
    if ((was_congested && !congested()) || broken()) on_drained_();
}

void Sink::wait_until_writable() {
    if (watched_ || retry_ != 0) return;
    if (can_be_watched(fd_)) {
        watched_ = true;
        reactor_->watch(fd_, EPOLLOUT, [this](std::uint32_t) { flush(); });
        return;
    }
    retry_ = reactor_->after(retry_interval, [this] {
        retry_ = 0;
        flush();
    });
}

Output::Output(Reactor& reactor, const Options& options, std::function<void()> on_drained)
    : out_is_terminal_(::isatty(options.out) == 1),
      err_is_terminal_(::isatty(options.err) == 1),
      out_(std::make_unique<Sink>(reactor, options.out, on_drained)),
      err_(is_same_file(options.out, options.err)
               ? nullptr
               : std::make_unique<Sink>(reactor, options.err, on_drained)) {}

void Output::line(Stream stream, std::string_view text) {
    const bool on_terminal = stream == Stream::out ? out_is_terminal_ : err_is_terminal_;
    if (on_terminal) clear_status();
    out_used_ |= stream == Stream::out;
    sink(stream).write(std::string(text) + '\n');
}

void Output::raw(Stream stream, std::string_view data) {
    out_used_ |= stream == Stream::out && !data.empty();
    sink(stream).write(data);
}

void Output::status(std::string_view text) {
    if (!err_is_terminal_ || congested(Stream::err)) return;
    sink(Stream::err).write(fmt::format("\r\x1b[K{}", text));
    status_shown_ = true;
}

void Output::clear_status() {
    if (!status_shown_) return;
    status_shown_ = false;
    sink(Stream::err).write("\r\x1b[K");
}

std::string rank_label(std::uint32_t rank, bool colour) {
    if (!colour) return fmt::format("[{}] ", rank);
    // Readable on dark and on light; neighbours differ.
    constexpr std::array<int, 6> colours = {36, 33, 32, 35, 34, 31};
    return fmt::format("\x1b[{}m[{}]\x1b[0m ", colours.at(rank % colours.size()), rank);
}

}  // namespace muster::local
