// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/collect.hpp"

#include "muster/base/capture.hpp"
#include "text.hpp"

namespace muster::timeline {
namespace {

constexpr std::size_t most_output = 512u << 20;
constexpr std::size_t most_errors = 64u << 10;

// In every pod. The directory is asked of the broker: `muster up` has one for each pod. The two
// outputs are exchanged: flux exec passes on at once what comes for standard error, and what it has
// for standard output is lost when it is killed because one rank does not answer.
constexpr const char* script =
    "exec 3>&1 >&2 2>&3; d=$(flux getattr rundir) && cat \"${d%/run}/report.json\"; "
    "exec flux dmesg";

std::string first_line(const std::string& text) {
    return harmless(text.substr(0, text.find('\n')));
}

}  // namespace

Result<Collected> collect(const std::string& flux, const Environment& environment,
                          Deadline deadline, const Clock& clock,
                          std::function<void(Duration)> on_wait) {
    const Child::Options command{.argv = {flux, "exec", "-r", "all", "-l", "sh", "-c", script},
                                 .environment = format_environment(environment)};
    TRY_ASSIGN(const auto captured, capture(command, deadline, clock,
                                            {.most_out = most_errors,
                                             .most_err = most_output,
                                             .on_wait = std::move(on_wait)}));
    Collected collected{.cut_short = !captured.status};
    add_text(collected.records, captured.err, true);
    // Ranks that are not there make it fail, and one that hangs keeps it from ending; the others
    // answer all the same.
    if (collected.records.empty()) {
        if (!captured.status) return fail(Kind::unavailable, "{} did not answer in time", flux);
        auto said = first_line(captured.err.empty() ? captured.out : captured.err);
        if (said.empty()) said = fmt::format("exit code {}", captured.status->shell_code());
        return fail(Kind::unavailable,
                    "no instance can be asked ({}): run this in a pod of it, say where it is "
                    "(FLUX_URI, or --dir), or give files",
                    said);
    }
    return collected;
}

}  // namespace muster::timeline
