// SPDX-License-Identifier: Apache-2.0
// Copies muster as a bundle that runs in any Linux image of this architecture.
#include <sys/stat.h>
#include <unistd.h>

#include "commands.hpp"
#include "muster/base/own_program.hpp"
#include "muster/bootstrap/facts.hpp"
#include "muster/bundle.hpp"
#include "muster/flux_bundle.hpp"

namespace muster::commands {
namespace {

constexpr std::string_view usage =
    "usage: muster install [--verify] [--list] [--flux PREFIX] [--only PROGRAM] DIR\n"
    "copies muster, muster-init, muster-rehearsal, their libraries and the loader to DIR, from "
    "where they run in any\n"
    "Linux image of this architecture: DIR/bin/muster, DIR/bin/muster-init\n"
    "  --verify         run each program from DIR once, and compare what it says\n"
    "  --list           print each file and its size in bytes\n"
    "  --flux PREFIX    copy the Flux that is installed there, too, with its Python, to DIR/flux; "
    "Flux runs where\n"
    "                   DIR/flux is seen as PREFIX (mount it there). Needs patchelf\n"
    "  --only PROGRAM   copy this program that is beside muster, muster-controller for one, and "
    "none of those\n";

struct Request {
    std::string directory;
    std::string flux;
    std::string only;
    bool verify = false;
    bool list = false;
    bool help = false;
};

Result<Request> parse(Words words) {
    Request request;
    bool flags = true;
    for (auto at = words.begin(); at != words.end(); ++at) {
        const std::string_view word = *at;
        constexpr std::string_view flux = "--flux", only = "--only";
        if (flags && word == "--")
            flags = false;
        else if (flags && (word == "--help" || word == "-h"))
            request.help = true;
        else if (flags && word == "--verify")
            request.verify = true;
        else if (flags && word == "--list")
            request.list = true;
        else if (flags && word == flux) {
            if (++at == words.end()) return fail(Kind::usage, "--flux needs a PREFIX");
            request.flux = *at;
        } else if (flags && word.starts_with("--flux="))
            request.flux = word.substr(flux.size() + 1);
        else if (flags && word == only) {
            if (++at == words.end()) return fail(Kind::usage, "--only needs a PROGRAM");
            request.only = *at;
        } else if (flags && word.starts_with("--only="))
            request.only = word.substr(only.size() + 1);
        else if (flags && word.starts_with('-'))
            return fail(Kind::usage, "unknown flag '{}': see muster install --help", word);
        else if (!request.directory.empty())
            return fail(Kind::usage, "one DIR, not two: '{}' and '{}'", request.directory, word);
        else if (word.empty())
            return fail(Kind::usage, "DIR is empty");
        else
            request.directory = word;
    }
    if (request.directory.empty() && !request.help)
        return fail(Kind::usage, "install needs a DIR to copy to");
    if (request.only.find('/') != std::string::npos)
        return fail(Kind::usage, "--only takes the name of a program, not '{}'", request.only);
    if (!request.only.empty() && !request.flux.empty())
        return fail(Kind::usage, "--only and --flux: Flux comes along with muster");
    return request;
}

/// Our own programs, or only one of them: those beside this one; from a bundle, what its launchers
/// start.
Result<bundle::Sources> find_sources(const std::string& only) {
    const std::string root = own_directory() + "/..";
    const bool is_bundle = ::access((root + "/lib/" + bundled_loader).c_str(), F_OK) == 0;
    bundle::Sources sources;
    if (is_bundle) {
        sources.loader = root + "/lib/" + bundled_loader;
        sources.library_path = root + "/lib";
    }
    const auto programs = is_bundle ? root + "/libexec" : own_directory();
    sources.launcher = is_bundle ? own_program() : bootstrap::find_own_program("muster-launcher");
    if (only.empty()) {
        for (const auto* name : {"muster", "muster-rehearsal"})
            sources.dynamic_programs.push_back(programs + "/" + name);
        sources.static_programs = {bootstrap::find_own_program("muster-init")};
    } else {
        sources.dynamic_programs = {programs + "/" + only};
    }
    std::vector<std::string> needed = sources.static_programs;
    needed.insert(needed.end(), {sources.launcher, sources.dynamic_programs.back()});
    for (const auto& path : needed)
        if (::access(path.c_str(), R_OK | X_OK) != 0)
            return fail(Kind::no_program, "{} is not beside muster: install it with muster",
                        path.substr(path.rfind('/') + 1));
    return sources;
}

}  // namespace

Result<int> install(Words words) {
    TRY_ASSIGN(auto request, parse(words));
    if (request.help) {
        TRY(print(usage));
        return 0;
    }
    TRY_ASSIGN(const auto sources, find_sources(request.only));
    ::umask(022);  // whoever runs the copy is somebody else
    std::string text;
    if (!request.flux.empty()) {  // first: who finds bin/muster finds a whole bundle
        TRY_ASSIGN(const auto flux, bundle::install_flux(request.flux, request.directory));
        text = fmt::format(
            "flux {}: {} files, {:.1f} MB, in {}/flux; it runs where that is seen as {}\n",
            flux.version, flux.files, static_cast<double>(flux.size) / 1e6, request.directory,
            request.flux);
    }
    TRY_ASSIGN(const auto items, bundle::install(sources, request.directory));
    std::uint64_t total = 0;
    std::string listed;
    for (const auto& item : items) {
        total += item.size;
        listed += fmt::format("{:>10} {}\n", item.size, item.path);
    }
    if (request.list) text += listed;
    text += fmt::format("{} files, {:.1f} MB, in {}\n", items.size(),
                        static_cast<double>(total) / 1e6, request.directory);
    if (request.verify) {
        const auto names = request.only.empty() ? std::vector<std::string>{"muster", "muster-init",
                                                                           "muster-rehearsal"}
                                                : std::vector{request.only};
        TRY(bundle::verify(request.directory, names, MUSTER_VERSION));
        if (!request.flux.empty()) TRY(bundle::verify_flux(request.flux, request.directory));
        text += "each program runs from there\n";
    }
    TRY(print(text));
    return 0;
}

}  // namespace muster::commands
