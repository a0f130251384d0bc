// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

namespace muster::init {
namespace {

constexpr int most_portions = 32;

bool is_unknown(int error) {
    return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

}  // namespace

int Relay::open() {
    struct stat status{};
    if (fstat(STDERR_FILENO, &status) == 0) {
        out_ = S_ISFIFO(status.st_mode)   ? Out::pipe
               : S_ISSOCK(status.st_mode) ? Out::socket
                                          : Out::other;
    }
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return errno;
    }
    // Only this end, which nobody inherits: the command writes with plain blocking write(2).
    const int reader = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (reader < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        const int error = errno;
        close(ends[0]);
        close(ends[1]);
        close(reader);
        return error;
    }
    read_end_ = ends[0];
    write_end_ = ends[1];
    reader_end_ = reader;
    return 0;
}

pollfd Relay::interest() const {
    if (begin_ != end_) {
        return {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    }
    return {.fd = read_end_, .events = POLLIN, .revents = 0};
}

bool Relay::pass() {
    for (int i = 0; i < most_portions; ++i) {
        if (begin_ == end_ && !take()) {
            return true;
        }
        if (!give()) {
            return false;
        }
    }
    return false;
}

/// False when there is nothing to take.
bool Relay::take() {
    ssize_t got = -1;
    do {
        got = read(read_end_, waiting_.data(), waiting_.size());
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return false;
    }
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
    keep({waiting_.data(), end_});
    return true;
}

/// False when our stderr has no room now.
bool Relay::give() {
    pollfd room{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (poll(&room, 1, 0) == 0) {
        return false;
    }
    // Beside POLLOUT, POLLERR means that nobody reads any more. Not to write then spares us the
    // SIGPIPE; the one that comes when the reader goes just now is taken out of the queue by
    // Signals.
    ssize_t written = -1;
    if ((room.revents & (POLLERR | POLLNVAL)) == 0) {
        written = put(waiting_.data() + begin_, end_ - begin_);
        if (written < 0 && errno == EAGAIN) {
            return false;
        }
        if (written < 0 && errno == EINTR) {
            return true;
        }
    }
    begin_ = written > 0 ? begin_ + static_cast<std::size_t>(written) : end_;
    return true;
}

/// Others may have taken the room since it was asked for, so where the kernel lets one write be
/// non-blocking without the description's O_NONBLOCK (sockets; pipes since Linux 6.4), it is.
ssize_t Relay::put(const char* data, std::size_t size) const {
    if (out_ == Out::socket) {
        return send(STDERR_FILENO, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (out_ == Out::pipe) {
        const iovec part{.iov_base = const_cast<char*>(data), .iov_len = size};
        const ssize_t written = pwritev2(STDERR_FILENO, &part, 1, -1, RWF_NOWAIT);
        if (written >= 0 || !is_unknown(errno)) {
            return written;
        }
    }
    return write(STDERR_FILENO, data, size);
}

void Relay::keep(std::string_view portion) {
    const std::size_t size = std::min(portion.size(), tail_.size());
    const std::size_t before = std::min(kept_, tail_.size() - size);
    memmove(tail_.data(), tail_.data() + (kept_ - before), before);
    memcpy(tail_.data() + before, portion.data() + (portion.size() - size), size);
    kept_ = before + size;
}

bool Relay::offer_tail() const {
    std::array<int, 2> ends{};
    if (!is_open() || pipe2(ends.data(), O_CLOEXEC) != 0) {
        return false;
    }
    // An empty pipe takes PIPE_BUF bytes without waiting.
    const bool offered = dup3(ends[0], reader_end_, O_CLOEXEC) == reader_end_ &&
                         write(ends[1], tail_.data(), kept_) == static_cast<ssize_t>(kept_);
    close(ends[0]);
    close(ends[1]);
    return offered;
}

}  // namespace muster::init
