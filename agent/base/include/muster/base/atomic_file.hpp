// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster {

/// Whether a file has to survive a crash of the machine, or is made anew by whoever starts after
/// it. A disk takes a millisecond and more to promise the former.
enum class Lasting { yes, no };

/// Puts `content` at `path` so that a reader sees the old file or the new one, never a part: a
/// temporary file in the same directory with `mode` from its creation, write, fsync (where it is
/// lasting), rename. On
/// failure the old file is untouched and the temporary one is gone. A file that holds `content`
/// with `mode` already is left as it is; what is there but no regular file (a directory, a device,
/// a pipe, a link to one) is refused. Errors: io, naming the path and the reason.
Result<void> write_file(const std::string& path, std::string_view content, mode_t mode,
                        Lasting lasting = Lasting::yes);

/// Creates `path` and its missing parents, each with `mode`. An existing directory is left as it
/// is. Errors: io.
Result<void> make_directories(const std::string& path, mode_t mode);

}  // namespace muster
