// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/quota.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "muster/base/fd.hpp"

namespace muster::resources {
namespace {

enum class Version { v1, v2 };

/// A mounted hierarchy that has the cpu controller, or may have it (version 2).
struct Mount {
    Version version;
    std::string root;   ///< the cgroup that is seen at `point`
    std::string point;  ///< where it is mounted
};

bool has_item(std::string_view list, std::string_view item) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (list.substr(0, comma) == item) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
    return false;
}

/// Fields of a line, split at single blanks.
std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const auto blank = line.find(' ');
        fields.push_back(line.substr(0, blank));
        if (blank == std::string_view::npos) return fields;
        line.remove_prefix(blank + 1);
    }
}

template <class Function>
void for_each_line(std::string_view text, Function function) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        function(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

/// A path as mountinfo writes it: \040 and its kin are blanks, tabs, newlines and backslashes.
std::string unescape(std::string_view text) {
    const auto octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string path;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
            octal(text[i + 3])) {
            path += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0'));
            i += 3;
        } else {
            path += text[i];
        }
    }
    return path;
}

/// proc_pid_mountinfo(5): "31 23 0:28 ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS".
std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    for_each_line(mountinfo, [&](std::string_view line) {
        const auto separator = line.find(" - ");
        if (separator == std::string_view::npos) return;
        const auto before = split(line.substr(0, separator));
        const auto after = split(line.substr(separator + 3));
        if (before.size() < 5 || after.size() < 3) return;
        const bool v2 = after[0] == "cgroup2";
        const bool v1 = after[0] == "cgroup" && has_item(after[2], "cpu");
        if (v1 || v2)
            mounts.push_back(
                {v2 ? Version::v2 : Version::v1, unescape(before[3]), unescape(before[4])});
    });
    return mounts;
}

/// This process' cgroup in the hierarchy, from proc_pid_cgroup(5): "ID:CONTROLLERS:PATH", version 2
/// has ID 0 and no controllers. The path may hold colons.
std::optional<std::string> parse_cgroup(std::string_view text, Version version) {
    std::optional<std::string> path;
    for_each_line(text, [&](std::string_view line) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) return;
        const auto controllers = line.substr(first + 1, second - first - 1);
        if (version == Version::v2 ? line.starts_with("0::") : has_item(controllers, "cpu"))
            path = line.substr(second + 1);
    });
    return path;
}

/// Where `cgroup` lies below a mount whose top is `root`. One that is not below it (the process was
/// moved out of its cgroup namespace, or /proc and the mount come from different namespaces) is
/// taken as the top: its limits hold for everything seen there.
std::string below(const std::string& cgroup, const std::string& root) {
    if (cgroup.starts_with("/..")) return "";
    const std::string_view top = root == "/" ? std::string_view{} : std::string_view(root);
    if (!cgroup.starts_with(top)) return "";
    std::string rest = cgroup.substr(top.size());
    if (!rest.empty() && rest.front() != '/') return "";
    return rest == "/" ? "" : rest;
}

bool exists(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const char* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, value);
    if (error != std::errc{} || end != text_end) return std::nullopt;
    return value;
}

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

class Finder {
  public:
    explicit Finder(std::string root) : root_(std::move(root)) {
        while (root_.ends_with('/')) root_.pop_back();
    }

    QuotaFinding find() {
        const auto cgroups = read_file(root_ + "/proc/self/cgroup");
        const auto mountinfo = read_file(root_ + "/proc/self/mountinfo");
        if (!cgroups || !mountinfo) return {};
        for (const auto& mount : parse_mounts(*mountinfo)) {
            if (const auto cgroup = parse_cgroup(*cgroups, mount.version)) walk(mount, *cgroup);
        }
        return std::move(finding_);
    }

  private:
    void walk(const Mount& mount, const std::string& cgroup) {
        for (std::string path = below(cgroup, mount.root);;) {
            const std::string directory = (mount.point == "/" ? "" : mount.point) + path;
            if (mount.version == Version::v2)
                look_at_v2(directory);
            else
                look_at_v1(directory);
            if (path.empty()) return;
            path.resize(path.rfind('/'));
        }
    }

    /// The first line of a control file. A missing one says nothing: the top of a hierarchy has
    /// none, nor has a cgroup without the cpu controller.
    std::optional<std::string> control(const std::string& path) {
        if (!exists(root_ + path)) return std::nullopt;
        auto text = read_file(root_ + path, 4096);
        if (text) return std::string(first_line(*text));
        finding_.notes.push_back(
            fmt::format("a CPU quota may go unnoticed: {}", text.error().message));
        return std::nullopt;
    }

    void look_at_v2(const std::string& directory) {
        const auto text = control(directory + "/cpu.max");
        if (!text || text->starts_with("max")) return;
        const auto fields = split(*text);
        consider(fields[0], fields.size() > 1 ? fields[1] : "100000", directory, "cpu.max", *text);
    }

    void look_at_v1(const std::string& directory) {
        const auto quota = control(directory + "/cpu.cfs_quota_us");
        if (!quota || quota->starts_with('-')) return;
        const auto period = control(directory + "/cpu.cfs_period_us");
        if (!period) return;
        consider(*quota, *period, directory, "cpu.cfs_quota_us", *quota + " " + *period);
    }

    void consider(std::string_view quota_text, std::string_view period_text,
                  const std::string& directory, std::string_view file, std::string_view text) {
        const auto quota = parse_number(quota_text);
        const auto period = parse_number(period_text);
        if (!quota || !period || *quota == 0 || *period == 0) {
            finding_.notes.push_back(fmt::format("a CPU quota may go unnoticed: {}/{} holds '{}'",
                                                 directory, file, text));
            return;
        }
        CpuQuota found{.quota_us = *quota, .period_us = *period, .cgroup = directory};
        if (!finding_.quota || found.cores() < finding_.quota->cores())
            finding_.quota = std::move(found);
    }

    std::string root_;
    QuotaFinding finding_;
};

}  // namespace

QuotaFinding find_cpu_quota(const std::string& root) {
    return Finder(root).find();
}

}  // namespace muster::resources
