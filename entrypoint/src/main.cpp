// SPDX-License-Identifier: Apache-2.0
// muster-init: PID 1 of a pod, and `muster-init program`, the shim around the leader's program.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "args.hpp"
#include "muster/base/exit_code.hpp"
#include "program.hpp"
#include "signals.hpp"
#include "supervisor.hpp"

namespace {

/// A descriptor of ours must not become anybody's stdout: fills 0 to 2 where they are closed.
/// Close-on-exec, so the child finds them as we did.
void fill_standard_descriptors() {
    for (int fd = open("/dev/null", O_RDWR | O_CLOEXEC); fd >= 0;
         fd = open("/dev/null", O_RDWR | O_CLOEXEC)) {
        if (fd > STDERR_FILENO) {
            close(fd);
            return;
        }
    }
}

int print(std::string_view text) {
    return write(STDOUT_FILENO, text.data(), text.size()) == static_cast<ssize_t>(text.size())
               ? 0
               : muster::exit_code(muster::Kind::io);
}

}  // namespace

int main(int /*argc*/, char** argv) {
    namespace init = muster::init;
    const sigset_t mask = init::block_all_signals();
    fill_standard_descriptors();
    const init::Parsed parsed = init::parse_args(argv, getenv);
    if (!parsed.problem.empty()) {
        init::say(parsed.problem);
        return muster::exit_code(muster::Kind::usage);
    }
    switch (parsed.options.ask) {
        case init::Ask::help:
            return print(init::help_text());
        case init::Ask::version:
            return print("muster-init " MUSTER_VERSION "\n");
        case init::Ask::program:
            return init::run_program(parsed.options, mask);
        case init::Ask::supervise:
            break;
    }
    return init::Supervisor(parsed.options).run(mask);
}
