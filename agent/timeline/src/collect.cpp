// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/collect.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "muster/base/child.hpp"
#include "text.hpp"

namespace muster::timeline {
namespace {

constexpr std::size_t most_output = 512u << 20;
constexpr std::size_t most_errors = 64u << 10;

// In every pod. The directory is asked of the broker: `muster up` has one for each pod.
constexpr const char* script =
    "d=$(flux getattr rundir) && cat \"${d%/run}/report.json\"; exec flux dmesg";

struct Captured {
    std::string out;
    std::string err;
    ExitStatus status;
};

/// Reads what there is. False at the end of the file.
bool take(Fd& fd, std::string& text, std::size_t most) {
    std::array<char, 65536> piece{};
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    if (text.size() < most) text.append(piece.data(), static_cast<std::size_t>(got));
    return true;
}

/// Runs a program to its end, or kills it at `deadline`.
Result<Captured> capture(const Child::Options& wanted, Deadline deadline, const Clock& clock) {
    TRY_ASSIGN(Pipe out, make_pipe());
    TRY_ASSIGN(Pipe err, make_pipe());
    const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Child::Options options = wanted;
    options.descriptors = {{null.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}};
    options.new_group = true;
    TRY_ASSIGN(Child child, Child::spawn(options));
    out.write.reset();
    err.write.reset();
    Captured captured;
    while (out.read || err.read) {
        std::array<pollfd, 2> entries{{{.fd = out.read.get(), .events = POLLIN, .revents = 0},
                                       {.fd = err.read.get(), .events = POLLIN, .revents = 0}}};
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline.left(clock.now())).count();
        const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(left));
        if (ready == 0) {
            ::kill(-child.pid(), SIGKILL);
            child.wait();
            return fail(Kind::unavailable, "{} did not answer in time", options.argv.front());
        }
        if (entries[0].revents != 0 && !take(out.read, captured.out, most_output)) out.read.reset();
        if (entries[1].revents != 0 && !take(err.read, captured.err, most_errors)) err.read.reset();
    }
    captured.status = child.wait();
    return captured;
}

}  // namespace

Result<Records> collect(const std::string& flux, const Environment& environment, Deadline deadline,
                        const Clock& clock) {
    const Child::Options options{.argv = {flux, "exec", "-r", "all", "-l", "sh", "-c", script},
                                 .environment = format_environment(environment)};
    TRY_ASSIGN(const auto captured, capture(options, deadline, clock));
    Records records;
    add_text(records, captured.out, true);
    // Ranks that are not there make it fail, and the others answer all the same.
    if (records.empty()) {
        auto said = harmless(captured.err.substr(0, captured.err.find('\n')));
        if (said.empty()) said = fmt::format("exit code {}", captured.status.shell_code());
        return fail(Kind::unavailable,
                    "no instance can be asked ({}): run this in a pod of it, say where it is "
                    "(FLUX_URI, or --dir), or give files",
                    said);
    }
    return records;
}

}  // namespace muster::timeline
