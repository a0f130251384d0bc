// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/watched.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "muster/base/atomic_file.hpp"
#include "muster/base/fd.hpp"
#include "muster/timeline/format.hpp"

namespace muster::timeline {

Records watched(std::span<const local::PodTimes> pods, const Clock& clock) {
    const auto wall = clock.wall();
    const auto now = clock.now();
    const auto wall_of = [&](TimePoint at) { return wall - (now - at); };
    Records records;
    for (std::uint32_t rank = 0; rank < pods.size(); ++rank) {
        const auto& pod = pods[rank];
        auto& record = records[rank];
        record.one_clock = true;
        if (pod.started) record.started = wall_of(*pod.started);
        if (pod.ended) record.ended = wall_of(*pod.ended);
        if (pod.ended) record.code = pod.code;
        for (const auto& [name, at] : pod.states) record.states.push_back({name, wall_of(at)});
        const auto text = read_file(pod.directory + "/report.json", 1u << 20);
        const auto object = text ? json::Value::parse(*text) : json::Value();
        if (auto report = object ? parse_report(*object) : fail(Kind::malformed, "none"); report)
            record.report = std::move(*report);
    }
    return records;
}

Result<void> check_timeline_path(const std::string& path) {
    if (!path.ends_with(".html") && !path.ends_with(".json"))
        return fail(Kind::usage, "'{}' ends neither in .html (the picture) nor in .json (the data)",
                    path);
    const auto directory = std::filesystem::path(path).parent_path();
    const auto place = directory.empty() ? std::string(".") : directory.string();
    if (::access(place.c_str(), W_OK | X_OK) == 0) return {};
    return fail(Kind::io, "{} cannot be written ({}: {}): name a place that can be", path, place,
                os_error(errno));
}

Result<void> write_timeline(const std::string& path, const Timeline& timeline,
                            const Records& records, const json::Value& more) {
    TRY(check_timeline_path(path));
    return write_file(
        path,
        path.ends_with(".html") ? format_html(timeline) : format_json(timeline, records, more),
        0644);
}

}  // namespace muster::timeline
