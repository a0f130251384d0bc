// SPDX-License-Identifier: Apache-2.0
#include "muster/base/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "muster/base/fd.hpp"

namespace muster {
namespace {

/// A file under a temporary name that is removed unless commit() has renamed it.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& target)
        : path_(target + ".XXXXXX"), fd_(::mkostemp(path_.data(), O_CLOEXEC)) {}
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (fd_) ::unlink(path_.c_str());
    }
    const Fd& fd() const { return fd_; }

    bool commit(const std::string& target, Lasting lasting) {
        if (lasting == Lasting::yes && ::fsync(fd_.get()) != 0) return false;
        if (::rename(path_.c_str(), target.c_str()) != 0) return false;
        fd_.reset();
        return true;
    }

  private:
    std::string path_;
    Fd fd_;
};

/// Whether `fd` holds exactly `content`. Compared piece by piece in a buffer that is wiped, so that
/// no copy of a secret file stays behind.
bool holds_exactly(int fd, std::string_view content) {
    std::array<char, 4096> piece{};
    bool is_equal = true;
    while (is_equal && !content.empty()) {
        const ssize_t got = ::read(fd, piece.data(), std::min(piece.size(), content.size()));
        if (got < 0 && errno == EINTR) continue;
        is_equal = got > 0 && content.starts_with({piece.data(), static_cast<std::size_t>(got)});
        if (is_equal) content.remove_prefix(static_cast<std::size_t>(got));
    }
    ::explicit_bzero(piece.data(), piece.size());
    return is_equal;
}

bool holds_already(const std::string& path, std::string_view content, mode_t mode) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status{};
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    if ((status.st_mode & 07777) != mode || status.st_uid != ::geteuid()) return false;
    if (static_cast<std::size_t>(status.st_size) != content.size()) return false;
    return holds_exactly(fd.get(), content);
}

/// A rename would put a file in the place of a device, a pipe or whatever else lives at the path,
/// for everybody: root's /dev/full and /dev/stdout were lost that way. A directory it refuses by
/// itself.
bool is_replaceable(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
}

}  // namespace

Result<void> write_file(const std::string& path, std::string_view content, mode_t mode,
                        Lasting lasting) {
    if (holds_already(path, content, mode)) return {};
    if (!is_replaceable(path))
        return fail(Kind::io, "write {}: not a regular file: name another path", path);
    TemporaryFile file(path);
    if (!file.fd()) return fail(Kind::io, "write {}: {}", path, os_error(errno));
    if (auto written = write_all(file.fd().get(), content); !written)
        return tl::unexpected<Error>(std::move(written.error()).within(path));
    if (::fchmod(file.fd().get(), mode) != 0 || !file.commit(path, lasting))
        return fail(Kind::io, "write {}: {}", path, os_error(errno));
    return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
    struct stat present{};
    if (::stat(path.c_str(), &present) == 0 && S_ISDIR(present.st_mode)) return {};
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string prefix = path.substr(0, end);
        if (::mkdir(prefix.c_str(), mode) != 0) {
            const int reason = errno;
            struct stat status{};
            const bool is_directory =
                ::stat(prefix.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
            if (!is_directory)
                return fail(Kind::io, "make directory {}: {}", prefix, os_error(reason));
        }
        if (end == std::string::npos) return {};
    }
}

}  // namespace muster
