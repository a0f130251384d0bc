// SPDX-License-Identifier: Apache-2.0
#include "status_file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.hpp"

namespace muster::init {
namespace {

constexpr std::string_view placeholder = "               \n";

bool write_all(int fd, std::string_view text) {
    const ssize_t written = pwrite(fd, text.data(), text.size(), 0);
    if (written >= 0 && written != static_cast<ssize_t>(text.size())) {
        errno = ENOSPC;
    }
    return written == static_cast<ssize_t>(text.size());
}

/// fsync(2), where the file system knows it.
bool sync(int fd) {
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS || errno == ENOSYS;
}

}  // namespace

std::optional<End> parse_end(std::string_view text) {
    End end;
    if (starts_with(text, "exit ")) {
        text.remove_prefix(5);
    } else if (starts_with(text, "signal ")) {
        text.remove_prefix(7);
        end.by_signal = true;
    } else {
        return std::nullopt;
    }
    if (!text.ends_with("\n")) {
        return std::nullopt;
    }
    text.remove_suffix(1);
    const auto number = parse_number(text, end.by_signal ? 64 : 255);
    if (!number || (end.by_signal && *number == 0)) {
        return std::nullopt;
    }
    end.number = *number;
    return end;
}

std::optional<End> read_end(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return std::nullopt;
    }
    std::array<char, 32> text{};
    const ssize_t got = read(fd, text.data(), text.size());
    close(fd);
    return got > 0 ? parse_end({text.data(), static_cast<std::size_t>(got)}) : std::nullopt;
}

int StatusFile::reserve(const char* path) {
    path_ = path;
    Line suffix;
    suffix << ".tmp." << getpid();
    const std::string_view name(path);
    if (name.size() + suffix.view().size() >= temporary_.size()) {
        return ENAMETOOLONG;
    }
    memcpy(temporary_.data(), name.data(), name.size());
    memcpy(temporary_.data() + name.size(), suffix.c_str(), suffix.view().size() + 1);
    fd_ = open(temporary_.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0) {
        return errno;
    }
    if (!write_all(fd_, placeholder) || !sync(fd_)) {
        const int error = errno;
        unlink(temporary_.data());
        return error;
    }
    return 0;
}

int StatusFile::record(End end) {
    Line text;
    text << (end.by_signal ? "signal " : "exit ") << end.number << "\n";
    if (!write_all(fd_, text.view()) ||
        ftruncate(fd_, static_cast<off_t>(text.view().size())) != 0 || !sync(fd_) ||
        rename(temporary_.data(), path_) != 0) {
        const int error = errno;
        give_up();
        return error;
    }
    return 0;
}

void StatusFile::give_up() {
    unlink(temporary_.data());
}

}  // namespace muster::init
