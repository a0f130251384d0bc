// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/resolv_conf.hpp"

#include <algorithm>

namespace muster::discovery {
namespace {

std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> result;
    constexpr std::string_view blanks = " \t\r";
    for (auto begin = line.find_first_not_of(blanks); begin != std::string_view::npos;) {
        const auto end = std::min(line.find_first_of(blanks, begin), line.size());
        result.push_back(line.substr(begin, end - begin));
        begin = line.find_first_not_of(blanks, end);
    }
    return result;
}

/// Calls `use` with the words of each line that is no comment.
template <class Use>
void for_each_line(std::string_view text, Use use) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        line = line.substr(0, line.find_first_of("#;"));
        if (const auto found = words(line); !found.empty()) use(found);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

}  // namespace

ResolvConf ResolvConf::parse(std::string_view text) {
    ResolvConf conf;
    for_each_line(text, [&conf](const std::vector<std::string_view>& line) {
        if (line[0] == "nameserver" && line.size() > 1) conf.nameservers.emplace_back(line[1]);
        if (line[0] != "search" && line[0] != "domain") return;
        conf.search.clear();
        for (std::size_t i = 1; i < line.size(); ++i) {
            std::string_view entry = line[i];
            if (entry.ends_with('.')) entry.remove_suffix(1);
            if (!entry.empty()) conf.search.emplace_back(entry);
        }
    });
    return conf;
}

std::optional<ClusterDomain> cluster_domain(const ResolvConf& conf) {
    for (const auto& entry : conf.search) {
        const auto svc = entry.find(".svc.");
        if (svc == std::string::npos || svc == 0 || entry.find('.') != svc) continue;
        return ClusterDomain{entry.substr(0, svc), entry.substr(svc + 5)};
    }
    return std::nullopt;
}

std::string hosts_file_fqdn(std::string_view hosts_file, std::string_view hostname) {
    std::string found;
    for_each_line(hosts_file, [&](const std::vector<std::string_view>& line) {
        const bool names_us = std::find(line.begin() + 1, line.end(), hostname) != line.end();
        if (!names_us || line.size() < 2 || !found.empty()) return;
        if (line[1].size() > hostname.size() && line[1].starts_with(hostname) &&
            line[1][hostname.size()] == '.')
            found = line[1];
    });
    return found;
}

std::vector<std::string> hosts_file_addresses(std::string_view hosts_file, std::string_view name) {
    std::vector<std::string> found;
    for_each_line(hosts_file, [&](const std::vector<std::string_view>& line) {
        if (std::find(line.begin() + 1, line.end(), name) != line.end())
            found.emplace_back(line.front());
    });
    return found;
}

}  // namespace muster::discovery
