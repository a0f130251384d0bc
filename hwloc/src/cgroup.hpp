// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What /proc says of this process' cgroups; pure functions of its text.
namespace muster::resources {

enum class Version { v1, v2 };

/// A mounted hierarchy that has the cpu controller, or may have it (version 2).
struct Mount {
    Version version;
    std::string root;   ///< the cgroup that is seen at `point`
    std::string point;  ///< where it is mounted
};

/// Every mount of a hierarchy that may limit CPU time, in proc_pid_mountinfo(5)'s order. Lines that
/// are none of its are skipped.
std::vector<Mount> parse_mounts(std::string_view mountinfo);

/// This process' cgroup in its hierarchy of `version`, from proc_pid_cgroup(5).
std::optional<std::string> parse_cgroup(std::string_view text, Version version);

/// Where `cgroup` lies below a mount whose top is `root`: "" for the top itself, else "/a/b". One
/// that is not below it (the process was moved out of its cgroup namespace, or /proc and the mount
/// come from different namespaces) is taken as the top: its limits hold for everything seen there.
std::string below(const std::string& cgroup, const std::string& root);

/// The parts of `line` between single blanks; at least one.
std::vector<std::string_view> split_at_blanks(std::string_view line);

}  // namespace muster::resources
