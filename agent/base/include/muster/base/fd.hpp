// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "muster/base/result.hpp"

namespace muster {

/// Owns a file descriptor and closes it.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset();

  private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};

/// A pipe with close-on-exec ends. Errors: io.
Result<Pipe> make_pipe();

/// The whole content of a regular file of at most `limit` bytes.
/// Errors: io (missing, unreadable), malformed (longer than `limit`).
Result<std::string> read_file(const std::string& path, std::size_t limit = 16u << 20);

/// A short record of ours, without the newlines at its end; empty where there is none that can be
/// read, or it is longer than `limit` bytes.
std::string read_record(const std::string& path, std::size_t limit);

/// Writes all of `data` to `fd`, over short writes and EINTR. Errors: io.
Result<void> write_all(int fd, std::string_view data);

/// Sets or clears O_NONBLOCK / FD_CLOEXEC. Errors: io.
Result<void> set_nonblocking(int fd, bool on);
Result<void> set_close_on_exec(int fd, bool on);

}  // namespace muster
