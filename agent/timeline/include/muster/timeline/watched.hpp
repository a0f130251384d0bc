// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "muster/local/timeline.hpp"
#include "muster/timeline/instance.hpp"
#include "muster/timeline/record.hpp"

namespace muster::timeline {

/// What `muster up` has seen of its pods, and what their reports say.
Records watched(std::span<const local::PodTimes> pods, const Clock& clock);

/// Writes what assemble() made of the records as the end of `path` says: .html is the picture,
/// .json the data (format_json() with `more`). Errors: usage (another ending), io.
Result<void> write_timeline(const std::string& path, const Timeline& timeline,
                            const Records& records, const json::Value& more = {});

/// That write_timeline() knows what to write there, and may as it seems. Errors: usage, io.
Result<void> check_timeline_path(const std::string& path);

}  // namespace muster::timeline
