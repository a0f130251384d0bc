// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"

namespace muster::local {

/// The longest path of a Unix socket: sockaddr_un has room for 108 bytes with the final NUL.
constexpr std::size_t longest_socket_path = 107;

/// Directories in which an instance of `pods` pods could live, best first: `wanted` alone when it
/// is given, else $XDG_RUNTIME_DIR, $TMPDIR and /tmp, without those whose sockets would have paths
/// that are too long. Errors: usage (none is left).
Result<std::vector<std::string>> workspace_candidates(const std::string& wanted,
                                                      const Environment& environment,
                                                      std::uint32_t pods);

/// A private directory of one instance. Removed by remove(), and not by the destructor: the
/// processes in it may outlive the one that made it.
class Workspace {
  public:
    /// Makes "muster-XXXXXX", mode 0700, in the first candidate that lets us.
    /// Errors: usage, io (none could be written; names the last).
    static Result<Workspace> make(const std::string& wanted, const Environment& environment,
                                  std::uint32_t pods);

    const std::string& path() const { return path_; }
    std::string pod(std::uint32_t rank) const;  ///< <path>/pods/<rank>
    /// Makes the pod's directory and its tmp. Errors: io.
    Result<void> make_pod(std::uint32_t rank) const;
    /// Removes everything in it; never follows a link. Errors: io.
    Result<void> remove() const { return remove_tree(path_); }
    static Result<void> remove_tree(const std::string& path);

  private:
    explicit Workspace(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace muster::local
