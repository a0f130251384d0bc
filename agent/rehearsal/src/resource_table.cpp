// SPDX-License-Identifier: Apache-2.0
#include "resource_table.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>

namespace muster::rehearsal {
namespace {

struct Field {
    std::string_view name;
    std::function<std::string(const ResourceRow&)> value;
};

const std::array<Field, 9>& fields() {
    static const std::array<Field, 9> all{{
        {"state", [](const ResourceRow& row) { return row.state; }},
        {"up", [](const ResourceRow& row) { return std::string(row.up ? "✔" : "✗"); }},
        {"nnodes", [](const ResourceRow& row) { return std::to_string(row.hosts.size()); }},
        {"ncores", [](const ResourceRow& row) { return std::to_string(row.cores); }},
        {"ngpus", [](const ResourceRow&) { return std::string("0"); }},
        {"ranks", [](const ResourceRow& row) { return row.ranks.format(); }},
        {"nodelist", [](const ResourceRow& row) { return row.hosts.format(); }},
        {"reason", [](const ResourceRow& row) { return row.reason; }},
        {"timestamp",
         [](const ResourceRow& row) {
             return row.since > 0.0 ? fmt::format("{:.1f}", row.since) : std::string();
         }},
    }};
    return all;
}

std::string upper(std::string_view name) {
    std::string text(name);
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

std::string clock_text(double since) {
    const auto seconds = static_cast<std::time_t>(since);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%b%d %R", &local)};
}

void add(std::vector<ResourceRow>& rows, ResourceRow row, const json::Value& node,
         const json::Value& rank, std::int64_t cores) {
    auto found = std::ranges::find_if(rows, [&row](const ResourceRow& other) {
        return other.state == row.state && other.reason == row.reason && other.since == row.since;
    });
    if (found == rows.end()) found = rows.insert(rows.end(), std::move(row));
    found->ranks.insert(static_cast<std::uint32_t>(node.get("rank").as_integer().value_or(0)));
    found->hosts.append(rank.get("host").as_string().value_or(""));
    found->cores += cores;
}

/// "drained*": drained, and not there.
ResourceRow status_row(const json::Value& node, const json::Value& rank, bool by_reason) {
    ResourceRow row;
    const auto reason = rank.get("reason").as_string();
    row.up = rank.get("online").as_boolean().value_or(false);
    const bool busy = row.up && node.get("used").as_integer().value_or(0) > 0;
    row.state = reason ? (busy ? "draining" : "drained")
                : node.get("excluded").as_boolean().value_or(false) ? "exclude"
                                                                    : "avail";
    if (!row.up) row.state += '*';
    if (reason && by_reason) {
        row.reason = *reason;
        row.since = rank.get("since").as_number().value_or(0.0);
    }
    return row;
}

constexpr std::array<std::string_view, 8> state_order{
    "avail", "avail*", "exclude", "exclude*", "draining", "draining*", "drained", "drained*"};

}  // namespace

std::vector<ResourceRow> resource_rows(ResourceView view, const json::Value& answer,
                                       bool by_reason) {
    const auto ranks = answer.get("ranks").items();
    std::vector<ResourceRow> rows;
    if (view == ResourceView::list) rows = {{"free"}, {"allocated"}, {"down"}};
    for (const auto& node : answer.get("nodes").items()) {
        const auto number = static_cast<std::size_t>(node.get("rank").as_integer().value_or(0));
        if (number >= ranks.size()) continue;
        const auto& rank = ranks[number];
        const auto cores = node.get("cores").as_integer().value_or(0);
        const auto used = node.get("used").as_integer().value_or(0);
        if (view != ResourceView::list) {
            if (view == ResourceView::drain && !rank.has("reason")) continue;
            add(rows, status_row(node, rank, by_reason), node, rank, cores);
            continue;
        }
        const bool available = node.get("available").as_boolean().value_or(false);
        if (available && cores > used) add(rows, {"free"}, node, rank, cores - used);
        if (used > 0) add(rows, {"allocated"}, node, rank, used);
        if (!available) add(rows, {"down"}, node, rank, cores);
    }
    if (view != ResourceView::list)
        std::ranges::stable_sort(rows, {}, [](const ResourceRow& row) {
            return std::ranges::find(state_order, row.state) - state_order.begin();
        });
    return rows;
}

bool mentions_reason(std::string_view format) {
    return format.find("{reason}") != std::string_view::npos ||
           format.find("{timestamp}") != std::string_view::npos;
}

std::string format_default(ResourceView view, const std::vector<ResourceRow>& rows, bool header) {
    std::string text;
    if (header && view == ResourceView::list) text = "     STATE NNODES NCORES NGPUS NODELIST\n";
    if (header && view == ResourceView::status) text = "       STATEUP NNODES NODELIST\n";
    if (header && view == ResourceView::drain)
        text = "TIME         STATE    REASON                         NODELIST\n";
    for (const auto& row : rows) {
        const auto hosts = row.hosts.format();
        if (view == ResourceView::list)
            text += fmt::format("{:>10} {:>6} {:>6} {:>5} {}\n", row.state, row.hosts.size(),
                                row.cores, 0, hosts);
        else if (view == ResourceView::status)
            text += fmt::format("{:>12} {} {:>6} {}\n", row.state, row.up ? "✔" : "✗",
                                row.hosts.size(), hosts);
        else
            text += fmt::format("{:<12} {:<8} {:<30} {}\n", clock_text(row.since), row.state,
                                row.reason.substr(0, 30), hosts);
    }
    return text;
}

Result<std::string> format_custom(std::string_view format, const std::vector<ResourceRow>& rows,
                                  bool header) {
    std::vector<std::string> lines(rows.size());
    std::string title;
    while (!format.empty()) {
        const auto open = std::min(format.find('{'), format.size());
        title += format.substr(0, open);
        for (auto& line : lines) line += format.substr(0, open);
        format.remove_prefix(open);
        if (format.empty()) break;
        const auto close = format.find('}');
        const auto name = format.substr(1, close == std::string_view::npos ? close : close - 1);
        const auto field = std::ranges::find(fields(), name, &Field::name);
        if (close == std::string_view::npos || field == fields().end())
            return fail(Kind::usage, "Unknown format field: {}", name);
        title += upper(name);
        for (std::size_t i = 0; i < rows.size(); ++i) lines[i] += field->value(rows[i]);
        format.remove_prefix(close + 1);
    }
    std::string text = header ? title + '\n' : "";
    for (const auto& line : lines) text += line + '\n';
    return text;
}

}  // namespace muster::rehearsal
