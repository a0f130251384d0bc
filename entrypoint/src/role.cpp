// SPDX-License-Identifier: Apache-2.0
#include "role.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace muster::init {

const char* role_name(Role role) {
    switch (role) {
        case Role::leader:
            return "leader";
        case Role::follower:
            return "follower";
        case Role::none:
            break;
    }
    return "none";
}

RoleLine parse_role(std::string_view line) {
    const std::size_t blank = line.find(' ');
    std::string_view word = line;
    std::string_view path;
    if (blank != std::string_view::npos) {
        word.remove_suffix(line.size() - blank);
        path = line;
        path.remove_prefix(blank + 1);
        if (path.empty()) {
            return {};
        }
    }
    if (path.size() >= PATH_MAX || path.find('\0') != std::string_view::npos) {
        return {};
    }
    if (word == "leader" && !path.empty()) {
        return {.role = Role::leader, .path = path};
    }
    if (word == "follower") {
        return {.role = Role::follower, .path = path};
    }
    return {};
}

int RolePipe::open() {
    close();
    role_ = Role::none;
    deaf_ = false;
    size_ = 0;
    path_[0] = '\0';
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
        return errno;
    }
    read_end_ = ends[0];
    write_end_ = ends[1];
    // The agent writes with plain blocking write(2), and inherits its end.
    fcntl(write_end_, F_SETFL, 0);
    fcntl(write_end_, F_SETFD, 0);
    return 0;
}

void RolePipe::close_write_end() {
    if (write_end_ >= 0) {
        ::close(write_end_);
        write_end_ = -1;
    }
}

void RolePipe::close() {
    close_write_end();
    if (read_end_ >= 0) {
        ::close(read_end_);
        read_end_ = -1;
    }
}

bool RolePipe::take_line() {
    const char* end = static_cast<const char*>(memchr(text_.data(), '\n', size_));
    if (end == nullptr) {
        deaf_ = size_ == text_.size();
        return false;
    }
    deaf_ = true;  // one line is all there is
    const RoleLine line = parse_role({text_.data(), static_cast<std::size_t>(end - text_.data())});
    role_ = line.role;
    if (!line.path.empty()) {
        memcpy(path_.data(), line.path.data(), line.path.size());
    }
    path_[line.path.size()] = '\0';
    return role_ != Role::none;
}

bool RolePipe::read() {
    bool known = false;
    // A deaf pipe is still drained, since a writer must not block on us; in bounded portions, since
    // we must not be held by a writer.
    for (int portion = 0; portion < 64 && read_end_ >= 0; ++portion) {
        std::array<char, 256> rest{};
        char* into = deaf_ ? rest.data() : text_.data() + size_;
        const std::size_t room = deaf_ ? rest.size() : text_.size() - size_;
        const ssize_t got = ::read(read_end_, into, room);
        if (got > 0) {
            if (!deaf_) {
                size_ += static_cast<std::size_t>(got);
                known = take_line() || known;
            }
            continue;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got == 0 || errno != EAGAIN) {
            close();
        }
        break;
    }
    return known;
}

}  // namespace muster::init
