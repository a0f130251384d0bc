// SPDX-License-Identifier: Apache-2.0
#include "muster/base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace muster {

void Fd::reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(Kind::io, "make a pipe: {}", os_error(errno));
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) return fail(Kind::io, "read {}: {}", path, os_error(errno));
    std::string content;
    std::array<char, 16384> buffer;  // filled by read
    for (;;) {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(Kind::io, "read {}: {}", path, os_error(errno));
        if (count == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(count));
        if (content.size() > limit)
            return fail(Kind::malformed, "read {}: longer than {} bytes", path, limit);
    }
}

std::string read_record(const std::string& path, std::size_t limit) {
    auto text = read_file(path, limit).value_or("");
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

Result<void> write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t count = ::write(fd, data.data(), data.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(Kind::io, "write: {}", os_error(errno));
        data.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

namespace {

Result<void> set_flag(int fd, int read_command, int write_command, int flag, bool on) {
    const int flags = ::fcntl(fd, read_command);
    if (flags < 0 || ::fcntl(fd, write_command, on ? flags | flag : flags & ~flag) < 0)
        return fail(Kind::io, "set flags of descriptor {}: {}", fd, os_error(errno));
    return {};
}

}  // namespace

Result<void> set_nonblocking(int fd, bool on) {
    return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

Result<void> set_close_on_exec(int fd, bool on) {
    return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

}  // namespace muster
