// SPDX-License-Identifier: Apache-2.0
#include "muster/base/capture.hpp"
#include "muster/bundle.hpp"
#include "program.hpp"

namespace muster::bundle {

Result<Said> run_program(const std::vector<std::string>& argv) {
    const SystemClock clock;
    const Child::Options command{.argv = argv, .environment = std::vector<std::string>{}};
    TRY_ASSIGN(auto captured,
               capture(command, Deadline::after(clock, std::chrono::seconds(30)), clock));
    if (!captured.status) return fail(Kind::config, "{} does not end", argv.front());
    const auto& speaks = captured.err.empty() ? captured.out : captured.err;
    auto first_line = speaks.substr(0, speaks.find('\n'));
    return Said{captured.status->shell_code(), std::move(captured.out), std::move(first_line)};
}

Result<void> verify(const std::string& directory, const std::vector<std::string>& names,
                    std::string_view version) {
    for (const auto& name : names) {
        const auto path = directory + "/bin/" + name;
        TRY_ASSIGN(const auto said, run_program({path, "--version"}));
        if (said.code != 0 || said.first_line.find(version) == std::string::npos)
            return fail(Kind::config,
                        "{} --version ended with exit code {} and said '{}', not version {}", path,
                        said.code, said.first_line, version);
    }
    return {};
}

}  // namespace muster::bundle
