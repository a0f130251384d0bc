// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::bundle {

/// The Python that Flux starts, as it told itself.
struct Python {
    std::string started_as;             ///< the path that is compiled into flux
    std::string program;                ///< what that is, links followed
    std::string version;                ///< X.Y
    std::string library;                ///< the standard library's directory
    std::vector<std::string> packages;  ///< files and directories beside it that Flux imports
};

/// Asks `flux python`. Errors: config, with what it said.
Result<Python> ask_python(const std::string& prefix);

/// Copies what lies below `from` to `to`: directories, files with mode and time of change (which
/// Python compares with its compiled files), links as they are. `skip` gets paths relative to
/// `from`. Errors: io.
using Skip = std::function<bool(const std::filesystem::path& relative)>;
Result<void> copy_tree(const std::string& from, const std::string& to, const Skip& skip);

/// One file or a whole directory, likewise.
Result<void> copy_any(const std::string& from, const std::string& to, const Skip& skip);

/// Makes every ELF file below `tree` use the loader and the libraries of `prefix`/lib/muster, where
/// the libraries are copied to; `loader` is the system's, which says where they are. Errors:
/// config, io.
Result<void> relocate(const std::string& tree, const std::string& prefix,
                      const std::string& loader);

/// Whether a file begins as ELF files do (elf(5)).
bool is_elf(const std::string& path);

/// Every regular file below `tree`.
std::vector<std::string> files_below(const std::string& tree);

}  // namespace muster::bundle
