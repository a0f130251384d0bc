// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "muster/base/fd.hpp"
#include "muster/bundle.hpp"

namespace muster::bundle {
namespace {

/// Fills `target` from `offset`; false at the end of the file.
template <class T>
bool read_at(int fd, std::uint64_t offset, T& target) {
    return ::pread(fd, &target, sizeof target, static_cast<off_t>(offset)) == sizeof target;
}

}  // namespace

Result<std::string> interpreter(const std::string& program) {
    const Fd file(::open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return fail(Kind::io, "read {}: {}", program, os_error(errno));
    const auto malformed = [&] {
        return fail(Kind::malformed, "{} is no 64-bit ELF program", program);
    };
    Elf64_Ehdr header{};
    const auto order = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    if (!read_at(file.get(), 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != order ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return malformed();
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        if (!read_at(file.get(), header.e_phoff + i * sizeof segment, segment)) return malformed();
        if (segment.p_type != PT_INTERP) continue;
        if (segment.p_filesz < 2 || segment.p_filesz > 4096) return malformed();
        std::string path(segment.p_filesz, '\0');
        const auto got =
            ::pread(file.get(), path.data(), path.size(), static_cast<off_t>(segment.p_offset));
        if (got != static_cast<ssize_t>(path.size()) || path.back() != '\0') return malformed();
        path.pop_back();
        return path;
    }
    return std::string();
}

}  // namespace muster::bundle
