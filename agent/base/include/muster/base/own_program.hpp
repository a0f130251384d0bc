// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace muster {

/// The file name that the loader has in a bundle (`muster install`).
inline constexpr const char* bundled_loader = "ld.so";

/// The path at which this program can be started again: /proc/self/exe, or in a bundle, where that
/// is the loader, the launcher that started us. Empty without /proc.
std::string own_program();

/// The directory of own_program(), without a trailing slash.
std::string own_directory();

}  // namespace muster
