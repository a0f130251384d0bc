// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "capture.hpp"
#include "muster/base/child.hpp"
#include "muster/bundle.hpp"

namespace muster::bundle {

Result<Captured> capture(const std::vector<std::string>& argv) {
    TRY_ASSIGN(auto pipe, make_pipe());
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Child::Options options{.argv = argv, .environment = std::vector<std::string>{}};
    if (nothing) options.descriptors.emplace_back(nothing.get(), STDIN_FILENO);
    options.descriptors.emplace_back(pipe.write.get(), STDOUT_FILENO);
    options.descriptors.emplace_back(pipe.write.get(), STDERR_FILENO);
    TRY_ASSIGN(auto child, Child::spawn(options));
    pipe.write.reset();
    Captured captured;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t count = ::read(pipe.read.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        captured.output.append(buffer.data(), static_cast<std::size_t>(count));
    }
    captured.code = child.wait().shell_code();
    return captured;
}

Result<void> verify(const std::string& directory, const std::vector<std::string>& names,
                    std::string_view version) {
    for (const auto& name : names) {
        const auto path = directory + "/bin/" + name;
        TRY_ASSIGN(const auto said, capture({path, "--version"}));
        if (said.code != 0 || said.first_line().find(version) == std::string::npos)
            return fail(Kind::config,
                        "{} --version ended with exit code {} and said '{}', not version {}", path,
                        said.code, said.first_line(), version);
    }
    return {};
}

}  // namespace muster::bundle
