// SPDX-License-Identifier: Apache-2.0
#include "secret_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "muster/base/fd.hpp"

namespace muster::curve {
namespace {

/// What Secret volumes are: memory, mounted read-only. Both facts are the kernel's.
bool is_on_read_only_tmpfs(int fd) {
    struct statfs filesystem{};
    struct statvfs mount{};
    if (::fstatfs(fd, &filesystem) != 0 || ::fstatvfs(fd, &mount) != 0) return false;
    const bool in_memory = filesystem.f_type == TMPFS_MAGIC || filesystem.f_type == RAMFS_MAGIC;
    return in_memory && (mount.f_flag & ST_RDONLY) != 0;
}

Result<void> check_permissions(std::string_view what, const std::string& path, int fd, mode_t mode,
                               Permissions permissions) {
    if ((mode & (S_IRGRP | S_IROTH)) == 0) return {};
    if (permissions == Permissions::secret_volume && is_on_read_only_tmpfs(fd)) return {};
    return fail(Kind::denied,
                "{} {}: readable by group or others (mode {:04o}), so it is no secret; "
                "make it private with `chmod 600`{}",
                what, path, mode & 07777,
                permissions == Permissions::secret_volume
                    ? " (only a read-only tmpfs, such as a Kubernetes Secret volume, may have "
                      "such a mode)"
                    : "");
}

Error open_error(std::string_view what, const std::string& path, int reason) {
    if (reason == ENOENT || reason == ENOTDIR)
        return {Kind::io, fmt::format("{} {}: no such file; write one with `muster keygen`, or "
                                      "mount the Secret that holds it",
                                      what, path)};
    if (reason == EACCES || reason == EPERM)
        return {Kind::denied,
                fmt::format("{} {}: permission denied for uid {}; for a Secret volume set fsGroup "
                            "or defaultMode 0444, else make this user its owner",
                            what, path, ::geteuid())};
    return {Kind::io, fmt::format("{} {}: open: {}", what, path, os_error(reason))};
}

}  // namespace

Result<SecretText> read_secret_file(std::string_view what, const std::string& path,
                                    Permissions permissions) {
    // O_NONBLOCK: a FIFO must be refused, not waited for.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) return tl::unexpected<Error>(open_error(what, path, errno));
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0)
        return fail(Kind::io, "{} {}: stat: {}", what, path, os_error(errno));
    if (S_ISDIR(status.st_mode))
        return fail(Kind::config, "{} {}: is a directory; name the file in it", what, path);
    if (!S_ISREG(status.st_mode))
        return fail(Kind::config, "{} {}: is not a regular file; name one", what, path);
    TRY(check_permissions(what, path, fd.get(), status.st_mode, permissions));

    SecretMemory memory(secret_file_limit + 1);
    std::size_t size = 0;
    while (size < memory.size()) {
        const ssize_t got = ::read(fd.get(), memory.bytes().data() + size, memory.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Kind::io, "{} {}: read: {}", what, path, os_error(errno));
        if (got == 0) return SecretText(std::move(memory), size);
        size += static_cast<std::size_t>(got);
    }
    return fail(Kind::malformed, "{} {}: longer than {} bytes, so it is no {}; name the right file",
                what, path, secret_file_limit, what);
}

}  // namespace muster::curve
