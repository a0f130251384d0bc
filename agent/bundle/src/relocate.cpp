// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "flux_parts.hpp"
#include "muster/base/own_program.hpp"
#include "muster/bundle.hpp"
#include "program.hpp"

namespace muster::bundle {
namespace {

/// Runs patchelf on many files at once. Errors: config.
Result<void> patch(std::vector<std::string> arguments, const std::vector<std::string>& files) {
    if (files.empty()) return {};
    arguments.insert(arguments.begin(), "patchelf");
    arguments.insert(arguments.end(), files.begin(), files.end());
    auto patched = run_program(arguments);
    if (!patched && patched.error().kind == Kind::no_program)
        return fail(Kind::config,
                    "patchelf is not in PATH: Flux comes along only with it "
                    "(Debian's package patchelf)");
    if (!patched) return tl::unexpected(patched.error());
    if (patched->code != 0)
        return fail(Kind::config, "patchelf failed with exit code {}: {}", patched->code,
                    patched->first_line);
    return {};
}

}  // namespace

Result<void> relocate(const std::string& tree, const std::string& prefix,
                      const std::string& loader) {
    std::vector<std::string> files, programs;
    std::map<std::string, std::string> libraries;  // by name: where the loader finds them
    for (const auto& file : files_below(tree)) {
        if (!is_elf(file)) continue;
        files.push_back(file);
        auto wanted = interpreter(file);
        if (wanted && !wanted->empty()) programs.push_back(file);
        TRY_ASSIGN(const auto needed, libraries_of(file, loader, ""));
        for (const auto& library : needed)
            if (!library.path.starts_with(prefix + "/") && !library.path.starts_with(tree + "/"))
                libraries.emplace(library.name, library.path);
    }
    const auto nothing = [](const auto&) { return false; };
    const auto own = "/lib/muster/";
    TRY(copy_any(loader, tree + own + bundled_loader, nothing));
    for (const auto& [name, path] : libraries) {
        TRY(copy_any(path, tree + own + name, nothing));
        // The C library has no run path, and is best left alone.
        if (!name.starts_with("libc.so")) files.push_back(tree + own + name);
    }
    // DT_RPATH, not DT_RUNPATH: it holds for what a library loads by name as well.
    TRY(patch({"--force-rpath", "--set-rpath", prefix + "/lib:" + prefix + "/lib/muster"}, files));
    return patch({"--set-interpreter", prefix + own + bundled_loader}, programs);
}

}  // namespace muster::bundle
