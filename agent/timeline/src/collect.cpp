// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/collect.hpp"

#include "muster/base/capture.hpp"
#include "text.hpp"

namespace muster::timeline {
namespace {

constexpr std::size_t most_output = 512u << 20;
constexpr std::size_t most_errors = 64u << 10;

// In every pod. The directory is asked of the broker: `muster up` has one for each pod.
constexpr const char* script =
    "d=$(flux getattr rundir) && cat \"${d%/run}/report.json\"; exec flux dmesg";

}  // namespace

Result<Records> collect(const std::string& flux, const Environment& environment, Deadline deadline,
                        const Clock& clock) {
    const Child::Options command{.argv = {flux, "exec", "-r", "all", "-l", "sh", "-c", script},
                                 .environment = format_environment(environment)};
    TRY_ASSIGN(const auto captured, capture(command, deadline, clock,
                                            {.most_out = most_output, .most_err = most_errors}));
    Records records;
    add_text(records, captured.out, true);
    // Ranks that are not there make it fail, and one that hangs keeps it from ending; the others
    // answer all the same.
    if (records.empty()) {
        if (!captured.status) return fail(Kind::unavailable, "{} did not answer in time", flux);
        auto said = harmless(captured.err.substr(0, captured.err.find('\n')));
        if (said.empty()) said = fmt::format("exit code {}", captured.status->shell_code());
        return fail(Kind::unavailable,
                    "no instance can be asked ({}): run this in a pod of it, say where it is "
                    "(FLUX_URI, or --dir), or give files",
                    said);
    }
    return records;
}

}  // namespace muster::timeline
