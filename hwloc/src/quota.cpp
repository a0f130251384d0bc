// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/quota.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "cgroup.hpp"
#include "muster/base/fd.hpp"

namespace muster::resources {
namespace {

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
        const auto fields = split_at_blanks(*text);
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
