// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "muster/base/idset.hpp"
#include "muster/timeline/format.hpp"
#include "text.hpp"

namespace muster::timeline {
namespace {

// 256-colour backgrounds near those of the picture.
constexpr std::array<int, stage_count> colours{245, 152, 67, 214, 208, 167, 90,
                                               117, 74,  25, 115, 194, 146};
constexpr std::size_t least_columns = 40;
constexpr std::size_t longest_host = 24;

/// The stage that fills most of each column; a wait that lasted counts double, so that a short one
/// is not lost.
std::string letters(const Pod& pod, const Scale& scale, std::size_t columns) {
    std::vector<std::array<double, stage_count>> filled(columns);
    for (const auto& span : pod.spans) {
        const double begin = scale(span.begin), end = scale(span.end);
        for (auto i = static_cast<std::size_t>(begin); i < columns; ++i) {
            const auto left = static_cast<double>(i);
            if (left >= end) break;
            const double part = std::min(end, left + 1) - std::max(begin, left);
            filled[i].at(static_cast<std::size_t>(span.stage)) +=
                is_gate(span.stage) ? 2 * part : part;
        }
    }
    std::string row;
    for (const auto& column : filled) {
        const auto most = std::max_element(column.begin(), column.end());
        row += *most > 0 ? letter(static_cast<Stage>(most - column.begin())) : ' ';
    }
    return row;
}

std::string coloured(const std::string& row) {
    std::string result;
    char last = ' ';
    for (const char c : row) {
        if (c != last) {
            result += "\x1b[0m";
            for (std::size_t i = 0; i < stage_count; ++i)
                if (c == letter(static_cast<Stage>(i)))
                    result += fmt::format("\x1b[30;48;5;{}m", colours.at(i));
        }
        result += c;
        last = c;
    }
    return result + "\x1b[0m";
}

std::string axis_line(const Scale& scale, std::size_t columns) {
    std::string line(columns + 8, ' ');
    for (const auto& mark : scale.marks(9)) {
        const auto at = static_cast<std::size_t>(scale(mark.seconds));
        if (at + mark.label.size() <= line.size()) line.replace(at, mark.label.size(), mark.label);
    }
    if (const auto& gap = scale.gap()) {
        const auto words = fmt::format("..{}..", format_seconds(gap->end - gap->begin));
        const auto at = static_cast<std::size_t>(scale(gap->begin));
        if (at + words.size() <= line.size()) line.replace(at, words.size(), words);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    return line;
}

/// Words with line breaks between them, the second line and those after it indented.
std::string wrapped(std::string_view text, std::size_t columns, std::string_view first,
                    std::string_view then) {
    std::string result, line(first);
    while (!text.empty()) {
        const auto blank = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, blank);
        text.remove_prefix(std::min(blank + 1, text.size()));
        if (width_of(line) + width_of(word) > columns && width_of(line) > then.size()) {
            result += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
            line = then;
        }
        line += fmt::format("{} ", word);
    }
    return result + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string legend(const Timeline& timeline, std::size_t columns) {
    std::array<bool, stage_count> used{};
    for (const auto& pod : timeline.pods)
        for (const auto& span : pod.spans) used.at(static_cast<std::size_t>(span.stage)) = true;
    std::string text;
    for (std::size_t i = 0; i < stage_count; ++i)
        if (used.at(i))
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", letter(static_cast<Stage>(i)),
                                label(static_cast<Stage>(i)));
    return wrapped(text, columns, "", "");
}

/// The leader, those that findings are about, and the slowest of the others; in the order of ranks
/// where all have a row.
std::vector<const Pod*> choose(const Timeline& timeline, const std::vector<Finding>& findings,
                               std::size_t rows) {
    std::vector<const Pod*> pods;
    for (const auto& pod : timeline.pods) pods.push_back(&pod);
    if (pods.size() <= rows) return pods;
    const auto rank_of = [&findings](const Pod* pod) {
        for (std::size_t i = 0; i < findings.size(); ++i)
            for (std::size_t j = 0; j < findings[i].ranks.size(); ++j)
                if (findings[i].ranks[j] == pod->rank)
                    return std::pair(std::size_t{j < 4 ? 0u : 1u},
                                     i * 100 + std::min(j, std::size_t{99}));
        return std::pair(std::size_t{2}, std::size_t{0});
    };
    std::vector<std::pair<std::pair<std::size_t, std::size_t>, const Pod*>> keyed;
    for (const auto* pod : pods) keyed.emplace_back(rank_of(pod), pod);
    std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
        if (a.first != b.first) return a.first < b.first;
        return a.second->online.value_or(1e12) > b.second->online.value_or(1e12);
    });
    pods.clear();
    for (std::size_t i = 0; i < rows; ++i) pods.push_back(keyed[i].second);
    return pods;
}

std::string summary_of_rest(const Timeline& timeline, const std::vector<const Pod*>& shown) {
    double first = 1e18, last = -1;
    std::size_t rest = 0;
    for (const auto& pod : timeline.pods) {
        if (std::find(shown.begin(), shown.end(), &pod) != shown.end()) continue;
        ++rest;
        if (!pod.online) continue;
        first = std::min(first, *pod.online);
        last = std::max(last, *pod.online);
    }
    if (rest == 0) return {};
    if (last < 0) return fmt::format("and {} more", rest);
    return fmt::format("and {} more, online after {} to {}", rest, format_seconds(first),
                       format_seconds(last));
}

}  // namespace

std::string format_text(const Timeline& timeline, const TextOptions& options) {
    const std::size_t columns = std::max(options.columns, least_columns);
    const auto findings = find_causes(timeline);
    std::string text = wrapped(headline(timeline), columns, "", "  ");
    std::size_t told = 0;
    for (const auto& finding : findings) {
        if (++told > 12) {
            text += fmt::format("  and {} more findings\n", findings.size() - 12);
            break;
        }
        text += wrapped(harmless(finding.text), columns, finding.failure ? "! " : "* ", "  ");
    }
    for (const auto& note : timeline.notes)
        text += wrapped("note: " + harmless(note), columns, "* ", "  ");
    if (timeline.pods.empty()) return text;

    const auto shown = choose(timeline, findings, std::max<std::size_t>(options.rows, 1));
    std::size_t name_width = 4;
    for (const auto* pod : shown)
        name_width = std::max(name_width, fmt::formatted_size("{} {}", pod->rank, "") +
                                              width_of(cut_to(harmless(pod->host), longest_host)));
    name_width = std::min(name_width, columns / 3);
    const std::size_t width = columns - name_width - 12;
    const Scale scale(timeline, static_cast<double>(width), 10);
    text += fmt::format("\n{:{}}  {}\n", "", name_width, axis_line(scale, width));
    for (const auto* pod : shown) {
        const auto name = cut_to(
            fmt::format("{} {}", pod->rank, cut_to(harmless(pod->host), longest_host)), name_width);
        auto row = letters(*pod, scale, width);
        const auto online = pod->online ? format_seconds(*pod->online) : std::string("-");
        const bool slow = std::any_of(findings.begin(), findings.end(), [pod](const Finding& f) {
            return std::find(f.ranks.begin(), f.ranks.end(), pod->rank) != f.ranks.end();
        });
        text += fmt::format("{}{} {}{} {}\n", name, std::string(name_width - width_of(name), ' '),
                            slow ? '*' : '|', options.colour ? coloured(row) : row, online);
    }
    if (const auto rest = summary_of_rest(timeline, shown); !rest.empty())
        text += wrapped(rest, columns, "", "  ");
    return text + "\n" + legend(timeline, columns);
}

}  // namespace muster::timeline
