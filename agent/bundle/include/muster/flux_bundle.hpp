// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "muster/base/result.hpp"

namespace muster::bundle {

/// A Flux installation in a bundle, DIR/flux. Flux knows its prefix by heart, so DIR/flux must be
/// seen at that prefix where it runs (a volume's subPath, a bind mount, COPY).
///
///     DIR/flux/...          what Flux needs of its prefix while it runs
///     DIR/flux/bin/bash     for Flux's rc scripts, in images that have no bash
///     DIR/flux/py           its Python, whose standard library and packages are in lib/pythonX.Y
///     DIR/flux/lib/muster   the libraries of all of them, and ld.so, their loader
struct FluxCopy {
    std::string version;     ///< as Flux says it
    std::size_t files = 0;   ///< regular files
    std::uint64_t size = 0;  ///< bytes
};

/// Copies the Flux below `prefix` to `directory`/flux, whole or not at all; one that is there
/// already is replaced. Every program's interpreter and run path are rewritten (patchelf(1)), so
/// that it uses the copied loader and libraries without a word in the environment. Errors: config
/// (no Flux there; a prefix that it shares with the system, or too long for what has to be written
/// over; patchelf missing or failing; a library that the loader does not find), io.
Result<FluxCopy> install_flux(const std::string& prefix, const std::string& directory);

/// Starts flux and its Python once from `directory`/flux, wherever that is, and has Python import
/// Flux. Errors: config.
Result<void> verify_flux(const std::string& prefix, const std::string& directory);

/// Overwrites each C string `from` in `bytes` (between two NULs) by `to`, which may not be longer;
/// how often.
std::size_t replace_string(std::string& bytes, const std::string& from, const std::string& to);

}  // namespace muster::bundle
