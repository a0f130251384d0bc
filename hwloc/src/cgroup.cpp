// SPDX-License-Identifier: Apache-2.0
#include "cgroup.hpp"

namespace muster::resources {
namespace {

bool has_item(std::string_view list, std::string_view item) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (list.substr(0, comma) == item) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
    return false;
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

}  // namespace

std::vector<std::string_view> split_at_blanks(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const auto blank = line.find(' ');
        fields.push_back(line.substr(0, blank));
        if (blank == std::string_view::npos) return fields;
        line.remove_prefix(blank + 1);
    }
}

// "31 23 0:28 ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS"
std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    for_each_line(mountinfo, [&](std::string_view line) {
        const auto separator = line.find(" - ");
        if (separator == std::string_view::npos) return;
        const auto before = split_at_blanks(line.substr(0, separator));
        const auto after = split_at_blanks(line.substr(separator + 3));
        if (before.size() < 5 || after.size() < 3) return;
        const bool v2 = after[0] == "cgroup2";
        const bool v1 = after[0] == "cgroup" && has_item(after[2], "cpu");
        if (v1 || v2)
            mounts.push_back(
                {v2 ? Version::v2 : Version::v1, unescape(before[3]), unescape(before[4])});
    });
    return mounts;
}

// "ID:CONTROLLERS:PATH"; version 2 has ID 0 and no controllers. The path may hold colons.
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

std::string below(const std::string& cgroup, const std::string& root) {
    if (cgroup == "/.." || cgroup.starts_with("/../")) return "";
    const std::string_view top = root == "/" ? std::string_view{} : std::string_view(root);
    if (!cgroup.starts_with(top)) return "";
    std::string rest = cgroup.substr(top.size());
    if (!rest.empty() && rest.front() != '/') return "";
    return rest == "/" ? "" : rest;
}

}  // namespace muster::resources
