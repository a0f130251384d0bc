// SPDX-License-Identifier: Apache-2.0
#include "muster/flux_bundle.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>

#include "flux_parts.hpp"
#include "muster/base/atomic_file.hpp"
#include "muster/base/fd.hpp"
#include "muster/base/own_program.hpp"
#include "muster/bundle.hpp"
#include "program.hpp"

namespace muster::bundle {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 30;
/// Compiled into flux-broker, which has its rc scripts run by it unless $SHELL says another; a name
/// without a slash is looked for in PATH, where Flux's own bin is the last.
constexpr const char* shell = "/bin/bash";

bool is_one_of(const std::string& word, const std::set<std::string>& words) {
    return words.count(word) != 0;
}

/// What only building, reading and booting need.
bool no_use_of_flux(const fs::path& relative) {
    static const std::set<std::string> places{
        "include",     "share/man",     "share/doc",      "share/bash-completion",
        "lib/systemd", "lib/pkgconfig", "lib/tmpfiles.d", "lib/sysusers.d"};
    const auto extension = relative.extension();
    return is_one_of(relative.string(), places) || extension == ".la" || extension == ".a";
}

bool no_use_of_python(const fs::path& relative) {
    static const std::set<std::string> places{"test",          "idlelib",      "lib2to3",
                                              "turtledemo",    "ensurepip",    "tkinter",
                                              "site-packages", "dist-packages"};
    return is_one_of(relative.string(), places) || relative.string().starts_with("config-") ||
           relative.filename() == "tests" || relative.extension() == ".a";
}

Result<void> check_prefix(const std::string& prefix) {
    static const std::set<std::string> shared{"", "/", "/usr", "/usr/local"};
    if (is_one_of(prefix, shared) || !prefix.starts_with('/'))
        return fail(Kind::config,
                    "Flux in '{}' cannot come along: it needs an absolute prefix of its own, like "
                    "/opt/flux",
                    prefix);
    if (::access((prefix + "/bin/flux").c_str(), X_OK) != 0)
        return fail(Kind::config, "{}/bin/flux: {}: name the prefix that Flux was installed with",
                    prefix, os_error(errno));
    return {};
}

/// Replaces each `from` that ends a word in a script.
std::size_t replace_words(std::string& text, const std::string& from, const std::string& to) {
    std::size_t count = 0;
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
        const auto end = at + from.size();
        if (end < text.size() && std::string_view(" \t\n\"").find(text[end]) == std::string::npos)
            continue;
        text.replace(at, from.size(), to);
        ++count;
    }
    return count;
}

/// Has what is compiled into programs, or written in scripts, name what came along.
Result<void> rewrite(const std::string& tree, const std::string& from, const std::string& to) {
    if (to.size() > from.size())
        return fail(Kind::config,
                    "{} is too long to be written over {} in Flux's programs: build Flux with a "
                    "prefix of at most {} characters",
                    to, from, to.size() < 3 ? 0 : from.size() - 3);
    std::size_t found = 0;
    for (const auto& file : files_below(tree)) {
        if (file.ends_with(".py") || file.ends_with(".pyc")) continue;
        TRY_ASSIGN(auto bytes, read_file(file, largest_file));
        const auto here = is_elf(file)              ? replace_string(bytes, from, to)
                          : bytes.starts_with("#!") ? replace_words(bytes, from, to)
                                                    : 0;
        if (here == 0) continue;
        found += here;
        struct stat status{};
        if (::stat(file.c_str(), &status) != 0)
            return fail(Kind::io, "read {}: {}", file, os_error(errno));
        TRY(write_file(file, bytes, status.st_mode & 07777));
    }
    if (found == 0)
        return fail(Kind::config,
                    "no program of Flux's names {}: this Flux is built in a way not known here",
                    from);
    return {};
}

/// Everything but the run paths, in `tree`.
Result<void> assemble(const std::string& prefix, const Python& python, const std::string& tree) {
    const auto nothing = [](const auto&) { return false; };
    TRY(copy_tree(prefix, tree, no_use_of_flux));
    TRY(rewrite(tree, python.started_as, prefix + "/py"));
    TRY(rewrite(tree, shell, "bash"));
    if (::access(shell, X_OK) == 0) TRY(copy_any(shell, tree + "/bin/bash", nothing));
    const auto name = "python" + python.version;
    TRY(copy_any(python.program, tree + "/bin/" + name, nothing));
    if (::symlink(("bin/" + name).c_str(), (tree + "/py").c_str()) != 0)
        return fail(Kind::io, "link {}/py: {}", tree, os_error(errno));
    const auto library = tree + "/lib/" + name;
    TRY(copy_tree(python.library, library, no_use_of_python));
    for (const auto& package : python.packages)
        TRY(copy_any(package, library + package.substr(package.rfind('/')), nothing));
    return {};
}

/// Puts `fresh` in the place of `place`, whatever is there.
Result<void> take_place(const std::string& fresh, const std::string& place) {
    const auto old = fresh + ".old";
    std::error_code error;
    fs::remove_all(old, error);
    if (::rename(place.c_str(), old.c_str()) != 0 && errno != ENOENT)
        return fail(Kind::io, "replace {}: {}", place, os_error(errno));
    if (::rename(fresh.c_str(), place.c_str()) != 0)
        return fail(Kind::io, "make {}: {}", place, os_error(errno));
    fs::remove_all(old, error);
    return {};
}

/// `flux --version`: "commands: 0.88.0".
std::string version_of(const std::string& said) {
    const auto line = said.substr(0, said.find('\n'));
    return line.substr(line.find_last_of(" \t") + 1);
}

}  // namespace

std::size_t replace_string(std::string& bytes, const std::string& from, const std::string& to) {
    const auto whole = '\0' + from + '\0';
    std::size_t count = 0;
    for (auto at = bytes.find(whole); at != std::string::npos;
         at = bytes.find(whole, at + from.size() + 1)) {
        bytes.replace(at + 1, from.size(), to + std::string(from.size() - to.size(), '\0'));
        ++count;
    }
    return count;
}

Result<FluxCopy> install_flux(const std::string& prefix, const std::string& directory) {
    TRY(check_prefix(prefix));
    TRY_ASSIGN(const auto said, run_program({prefix + "/bin/flux", "version"}));
    if (said.code != 0)
        return fail(Kind::config, "{}/bin/flux version ended with exit code {}: {}", prefix,
                    said.code, said.first_line);
    TRY_ASSIGN(const auto python, ask_python(prefix));
    TRY_ASSIGN(const auto loader, interpreter(prefix + "/bin/flux"));
    TRY(make_directories(directory, 0755));
    const auto tree = directory + "/.flux.new";
    std::error_code error;
    fs::remove_all(tree, error);
    auto made = assemble(prefix, python, tree);
    if (made) made = relocate(tree, prefix, loader);
    if (made) made = take_place(tree, directory + "/flux");
    if (!made) {
        fs::remove_all(tree, error);
        return tl::unexpected(made.error());
    }
    FluxCopy copy{.version = version_of(said.out)};
    for (const auto& file : files_below(directory + "/flux")) {
        ++copy.files;
        copy.size += fs::file_size(file, error);
    }
    return copy;
}

Result<void> verify_flux(const std::string& prefix, const std::string& directory) {
    std::error_code error;
    const auto tree = fs::canonical(directory + "/flux", error).string();
    if (error) return fail(Kind::config, "{}/flux: {}", directory, error.message());
    const std::vector<std::string> start{tree + "/lib/muster/" + bundled_loader, "--inhibit-cache",
                                         "--library-path", tree + "/lib:" + tree + "/lib/muster"};
    const std::array<std::vector<std::string>, 2> attempts{{
        {tree + "/bin/flux", "version"},
        {"--argv0", tree + "/py", tree + "/py", "-c",
         "import sys; sys.path.insert(0, sys.prefix + '/lib/python%d.%d/site-packages' % "
         "sys.version_info[:2]); import flux.job, flux.resource; assert sys.prefix == '" +
             tree + "', sys.prefix"},
    }};
    for (const auto& attempt : attempts) {
        auto argv = start;
        argv.insert(argv.end(), attempt.begin(), attempt.end());
        TRY_ASSIGN(const auto said, run_program(argv));
        if (said.code != 0)
            return fail(Kind::config, "{}, which is to be {}, does not run: exit code {}: {}", tree,
                        prefix, said.code, said.first_line);
    }
    return {};
}

}  // namespace muster::bundle
