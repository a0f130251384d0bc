// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <system_error>

#include "flux_parts.hpp"

namespace muster::bundle {
namespace fs = std::filesystem;
namespace {

Result<void> copy_entry(const fs::directory_entry& entry, const fs::path& to) {
    std::error_code error;
    if (entry.is_symlink(error)) {
        fs::copy_symlink(entry.path(), to, error);
    } else if (entry.is_directory(error)) {
        fs::create_directories(to, error);
    } else if (entry.is_regular_file(error)) {
        const auto time = entry.last_write_time(error);
        if (!error) fs::copy_file(entry.path(), to, error);
        if (!error) fs::last_write_time(to, time, error);
        // Whoever runs it must be able to read it, whoever installed it.
        if (!error)
            fs::permissions(to,
                            fs::perms::owner_write | fs::perms::others_read |
                                fs::perms::group_read | fs::perms::owner_read,
                            fs::perm_options::add, error);
    }
    if (error)
        return fail(Kind::io, "copy {} to {}: {}", entry.path().string(), to.string(),
                    error.message());
    return {};
}

}  // namespace

Result<void> copy_tree(const std::string& from, const std::string& to, const Skip& skip) {
    std::error_code error;
    fs::create_directories(to, error);
    if (error) return fail(Kind::io, "make directory {}: {}", to, error.message());
    for (fs::recursive_directory_iterator at(from, error), end; !error && at != end;
         at.increment(error)) {
        const auto relative = at->path().lexically_relative(from);
        if (skip(relative)) {
            at.disable_recursion_pending();
            continue;
        }
        TRY(copy_entry(*at, to / relative));
    }
    if (error) return fail(Kind::io, "read {}: {}", from, error.message());
    return {};
}

Result<void> copy_any(const std::string& from, const std::string& to, const Skip& skip) {
    std::error_code error;
    if (fs::is_directory(from, error)) return copy_tree(from, to, skip);
    fs::create_directories(fs::path(to).parent_path(), error);
    // A link's target, not the link: what it points to may stay behind.
    const fs::directory_entry entry(fs::canonical(from, error), error);
    if (error) return fail(Kind::io, "read {}: {}", from, error.message());
    fs::remove(to, error);
    return copy_entry(entry, to);
}

std::vector<std::string> files_below(const std::string& tree) {
    std::vector<std::string> files;
    std::error_code error;
    for (fs::recursive_directory_iterator at(tree, error), end; !error && at != end;
         at.increment(error))
        if (at->is_regular_file(error) && !at->is_symlink(error))
            files.push_back(at->path().string());
    return files;
}

bool is_elf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    char begin[4] = {};
    return file.read(begin, sizeof begin) && std::string_view(begin, 4) ==
                                                 "\x7f"
                                                 "ELF";
}

}  // namespace muster::bundle
