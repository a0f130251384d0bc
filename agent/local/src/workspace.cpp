// SPDX-License-Identifier: Apache-2.0
#include "muster/local/workspace.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "muster/base/atomic_file.hpp"

namespace muster::local {
namespace {

constexpr std::string_view name_pattern = "/muster-XXXXXX";

/// What stands behind a candidate in the longest socket path of an instance; the agent leaves room
/// for any rank in the socket's name.
std::size_t socket_path_tail(std::uint32_t pods) {
    return name_pattern.size() + fmt::format("/pods/{}/run/local-1048575", pods - 1).size();
}

}  // namespace

Result<std::vector<std::string>> workspace_candidates(const std::string& wanted,
                                                      const Environment& environment,
                                                      std::uint32_t pods) {
    const std::size_t room = longest_socket_path - socket_path_tail(pods);
    std::vector<std::string> candidates;
    const auto consider = [&](std::string path) {
        while (path.size() > 1 && path.ends_with('/')) path.pop_back();
        if (path.starts_with('/') && path.size() <= room) candidates.push_back(std::move(path));
    };
    if (!wanted.empty()) {
        std::error_code ignored;
        consider(std::filesystem::absolute(wanted, ignored).string());
        if (candidates.empty())
            return fail(Kind::usage,
                        "directory {} is too long a path for the brokers' sockets: give --dir "
                        "a path of at most {} characters",
                        wanted, room);
        return candidates;
    }
    for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"})
        if (const auto found = environment.find(name); found != environment.end())
            consider(found->second);
    consider("/tmp");
    return candidates;
}

Result<Workspace> Workspace::make(const std::string& wanted, const Environment& environment,
                                  std::uint32_t pods) {
    TRY_ASSIGN(const auto candidates, workspace_candidates(wanted, environment, pods));
    if (!wanted.empty()) TRY(make_directories(candidates.front(), 0700));
    int reason = 0;
    for (const auto& candidate : candidates) {
        std::string path = candidate + std::string(name_pattern);
        if (::mkdtemp(path.data()) != nullptr) return Workspace(std::move(path));
        reason = errno;
    }
    return fail(Kind::io, "make a directory in {}: {}: give --dir one that can be written",
                candidates.back(), os_error(reason));
}

std::string Workspace::pod(std::uint32_t rank) const {
    return fmt::format("{}/pods/{}", path_, rank);
}

Result<void> Workspace::make_pod(std::uint32_t rank) const {
    return make_directories(pod(rank) + "/tmp", 0700);
}

Result<void> Workspace::remove_tree(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail(Kind::io, "remove {}: {}", path, error.message());
    return {};
}

}  // namespace muster::local
