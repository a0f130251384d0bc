// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "muster/bundle.hpp"
#include "program.hpp"

namespace muster::bundle {

std::vector<Library> parse_list(std::string_view text) {
    std::vector<Library> libraries;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto begin = line.find_first_not_of(" \t");
        constexpr std::string_view arrow = " => ";
        const auto middle = line.find(arrow);
        if (begin == std::string_view::npos || middle == std::string_view::npos || middle <= begin)
            continue;
        const auto name = line.substr(begin, middle - begin);
        auto path = line.substr(middle + arrow.size());
        if (const auto address = path.rfind(" ("); address != std::string_view::npos)
            path = path.substr(0, address);
        const bool is_loader = name.find('/') != std::string_view::npos;  // under its path
        if (!is_loader && path.starts_with('/'))
            libraries.push_back({std::string(name), std::string(path)});
    }
    return libraries;
}

Result<std::vector<Library>> libraries_of(const std::string& program, const std::string& loader,
                                          const std::string& library_path) {
    std::vector<std::string> argv{loader};
    if (!library_path.empty())
        argv.insert(argv.end(), {"--inhibit-cache", "--library-path", library_path});
    argv.insert(argv.end(), {"--list", program});
    TRY_ASSIGN(const auto listed, run_program(argv));
    if (listed.code != 0)
        return fail(Kind::config, "{} cannot list the libraries of {}: {}", loader, program,
                    listed.first_line);
    return parse_list(listed.out);
}

}  // namespace muster::bundle
