// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <map>

#include "muster/base/atomic_file.hpp"
#include "muster/base/fd.hpp"
#include "muster/base/own_program.hpp"
#include "muster/bundle.hpp"

namespace muster::bundle {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 30;

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

/// Where each file of the bundle comes from, by its path in it.
using Contents = std::map<std::string, std::string>;

Result<void> add_program(const Sources& sources, const std::string& program, Contents& contents) {
    TRY_ASSIGN(const auto wanted, interpreter(program));
    if (wanted.empty()) return fail(Kind::config, "{} is static: it needs no launcher", program);
    const auto& loader = sources.loader.empty() ? wanted : sources.loader;
    const auto [place, is_new] = contents.emplace(std::string("lib/") + bundled_loader, loader);
    if (!is_new && place->second != loader)
        return fail(Kind::config, "{} wants the loader {}, the others {}", program, loader,
                    place->second);
    TRY_ASSIGN(const auto libraries, libraries_of(program, loader, sources.library_path));
    for (const auto& library : libraries) contents.emplace("lib/" + library.name, library.path);
    contents.emplace("libexec/" + file_name(program), program);
    return {};
}

Result<Item> copy(const std::string& from, const std::string& directory, const std::string& to) {
    TRY_ASSIGN(const auto bytes, read_file(from, largest_file));
    TRY(write_file(directory + "/" + to, bytes, 0755));
    return Item{to, bytes.size()};
}

}  // namespace

Result<std::vector<Item>> install(const Sources& sources, const std::string& directory) {
    Contents contents;
    for (const auto& program : sources.dynamic_programs)
        TRY(add_program(sources, program, contents));
    Contents launchers;  // last: who finds bin/muster finds a whole bundle
    for (const auto& program : sources.static_programs)
        launchers.emplace("bin/" + file_name(program), program);
    for (const auto& program : sources.dynamic_programs)
        launchers.emplace("bin/" + file_name(program), sources.launcher);

    for (const auto* part : {"/lib", "/libexec", "/bin"})
        TRY(make_directories(directory + part, 0755));
    std::vector<Item> items;
    for (const auto* each : {&contents, &launchers})
        for (const auto& [to, from] : *each) {
            TRY_ASSIGN(auto item, copy(from, directory, to));
            items.push_back(std::move(item));
        }
    return items;
}

}  // namespace muster::bundle
