// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::bundle {

/// What a bundle is made of. Programs are named by file name and found in `programs`.
///
///     DIR/bin/NAME       the launcher, under each program's name; muster-init itself (static)
///     DIR/libexec/NAME   the program
///     DIR/lib            its libraries, and ld.so, the loader that they belong to
struct Sources {
    std::string launcher;                       ///< muster-launcher
    std::vector<std::string> static_programs;   ///< paths; copied to bin as they are
    std::vector<std::string> dynamic_programs;  ///< paths; started by the launcher
    /// Loader and library path of the bundle that the programs come from; empty: the loader is the
    /// one that each program names, with the system's libraries.
    std::string loader, library_path;
};

/// One file of a bundle, for people: how large it is.
struct Item {
    std::string path;        ///< below DIR
    std::uint64_t size = 0;  ///< bytes
};

/// Copies what `sources` names, the libraries that the programs need and their loader to
/// `directory`, which is created. Each file appears whole or not at all, the launchers last; a file
/// that is the same already is left alone. Errors: io, naming the path; config (a library that the
/// loader does not find; programs with different loaders).
Result<std::vector<Item>> install(const Sources& sources, const std::string& directory);

/// Runs each program of the bundle in `directory` once, with an empty environment, and compares
/// the version that it prints. Errors: config, naming the program and what it said.
Result<void> verify(const std::string& directory, const std::vector<std::string>& names,
                    std::string_view version);

/// The interpreter that an ELF program names (elf(5), PT_INTERP); empty: it is static. Errors: io;
/// malformed (no 64-bit ELF file of this machine's byte order).
Result<std::string> interpreter(const std::string& program);

/// A library that a program needs: the name it is asked for by, and where the loader found it.
struct Library {
    std::string name;
    std::string path;
};

/// What `ld.so --list PROGRAM` printed (ld.so(8)); the kernel's own (linux-vdso) and the loader are
/// left out.
std::vector<Library> parse_list(std::string_view text);

/// Asks `loader` for the libraries of `program`. Errors: config (a library is missing; the loader
/// refuses the program), io.
Result<std::vector<Library>> libraries_of(const std::string& program, const std::string& loader,
                                          const std::string& library_path);

}  // namespace muster::bundle
