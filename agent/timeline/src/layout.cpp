// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/layout.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace muster::timeline {
namespace {

constexpr std::size_t most_tall = 40;         // pods that all have a row with words
constexpr std::size_t most_slow = 24;         // of more pods, those that findings are about
constexpr std::size_t most_of_a_finding = 6;  // of each finding
constexpr std::size_t most_thin = 600;
constexpr double drawing_width = 1200;
constexpr double label_width = 150;
constexpr double margin = 12;
constexpr double axis_height = 26;
constexpr double heading_height = 26;
constexpr double tall = 16, tall_pitch = 22;
constexpr double thin_room = 640;  // for all thin rows together
constexpr double gap_width = 56;
constexpr double character = 6.6;  // width of one, of a note
constexpr double least_bar = 0.6;

struct Plan {
    std::vector<const Pod*> tall;
    std::vector<const Pod*> thin;  ///< slowest first
};

/// What decides the order of thin rows: how late a pod was online, or that it never was.
double lateness(const Pod& pod) {
    return pod.online.value_or(1e12 + pod.end());
}

Plan arrange(const Timeline& timeline, const std::vector<Finding>& findings) {
    Plan plan;
    if (timeline.pods.size() <= most_tall) {
        for (const auto& pod : timeline.pods) plan.tall.push_back(&pod);
        return plan;
    }
    std::map<std::uint32_t, bool> chosen{{0, true}};
    for (const auto& finding : findings) {
        std::size_t of_this = 0;
        for (const auto rank : finding.ranks) {
            if (chosen.size() > most_slow || of_this == most_of_a_finding) break;
            if (timeline.find(rank) != nullptr && chosen.emplace(rank, true).second) ++of_this;
        }
    }
    for (const auto& pod : timeline.pods)
        (chosen.contains(pod.rank) ? plan.tall : plan.thin).push_back(&pod);
    std::stable_sort(plan.thin.begin(), plan.thin.end(),
                     [](const Pod* a, const Pod* b) { return lateness(*a) > lateness(*b); });
    return plan;
}

std::string title_of(const Pod& pod) {
    std::string title = fmt::format("rank {}", pod.rank);
    if (!pod.host.empty()) title += fmt::format(" ({})", pod.host);
    if (pod.parent) title += fmt::format(", parent rank {}", *pod.parent);
    if (!pod.parent_address.empty()) title += fmt::format(" at {}", pod.parent_address);
    if (pod.lives > 1) title += fmt::format(", life {}", pod.lives);
    if (pod.online) title += fmt::format("\nonline at {}", format_seconds(*pod.online));
    for (const auto& span : pod.spans)
        title += fmt::format("\n{}: {}", label(span.stage), format_seconds(span.length()));
    if (pod.error_code) title += fmt::format("\nexit code {}: {}", *pod.error_code, pod.error);
    return title;
}

std::string title_of(const Attempt& attempt) {
    return fmt::format("{}: {} -> {} (at {}, took {})", label(attempt.gate), attempt.asked,
                       attempt.answered, format_seconds(attempt.at), format_seconds(attempt.took));
}

class Layout {
  public:
    Layout(const Timeline& timeline, const std::vector<Finding>& findings)
        : timeline_(timeline),
          findings_(findings),
          scale_(timeline, drawing_width - label_width - 3 * margin, gap_width) {
        drawing_.width = drawing_width;
        drawing_.left = margin + label_width;
        drawing_.right = drawing_width - 2 * margin;
        drawing_.top = axis_height;
    }

    Drawing draw() {
        const auto plan = arrange(timeline_, findings_);
        double y = drawing_.top + 4;
        for (const auto* pod : plan.tall) {
            add_tall(*pod, y);
            y += tall_pitch;
        }
        if (!plan.thin.empty()) y = add_thin(plan.thin, y);
        drawing_.bottom = y;
        drawing_.height = y + axis_height;
        for (const auto& mark : scale_.marks(70))
            drawing_.axis.emplace_back(x(mark.seconds), mark.label);
        if (timeline_.formed) drawing_.formed = x(*timeline_.formed);
        if (const auto& gap = scale_.gap())
            drawing_.gap = {x(gap->begin), x(gap->end) - x(gap->begin),
                            format_seconds(gap->end - gap->begin)};
        return std::move(drawing_);
    }

  private:
    double x(double seconds) const { return drawing_.left + scale_(seconds); }

    const Finding* finding_about(std::uint32_t rank) const {
        for (const auto& finding : findings_)
            if (std::find(finding.ranks.begin(), finding.ranks.end(), rank) != finding.ranks.end())
                return &finding;
        return nullptr;
    }

    Row row_of(const Pod& pod, double y, double height) const {
        Row row{.rank = pod.rank, .y = y, .height = height, .title = title_of(pod)};
        const auto* finding = finding_about(pod.rank);
        row.slow = finding != nullptr;
        double last = drawing_.left;
        for (const auto& span : pod.spans) {
            const double begin = std::max(last, x(span.begin));
            const double end = x(span.end);
            if (end - begin < least_bar) continue;  // what cannot be seen gives way
            const bool marked = finding != nullptr && finding->stage == span.stage;
            row.bars.push_back(
                {span.stage, begin, end - begin, marked,
                 fmt::format("{}: {}, {} to {}", label(span.stage), format_seconds(span.length()),
                             format_seconds(span.begin), format_seconds(span.end))});
            last = end;
        }
        return row;
    }

    void add_tall(const Pod& pod, double y) {
        Row row = row_of(pod, y, tall);
        row.label =
            pod.host.empty() ? std::to_string(pod.rank) : fmt::format("{}  {}", pod.rank, pod.host);
        for (const auto& attempt : pod.attempts)
            if (!attempt.passed) row.ticks.push_back({x(attempt.at), title_of(attempt)});
        if (const auto* finding = finding_about(pod.rank)) place_note(*finding, pod, row);
        drawing_.rows.push_back(std::move(row));
    }

    /// Beside the bar that the finding is about, where there is room.
    void place_note(const Finding& finding, const Pod& pod, Row& row) const {
        row.note = brief_of(finding, pod.rank);
        const double length = static_cast<double>(row.note.size()) * character;
        const auto bar =
            std::find_if(row.bars.begin(), row.bars.end(), [](const Bar& b) { return b.marked; });
        const double begin = bar != row.bars.end() ? bar->x : drawing_.left;
        const double end = bar != row.bars.end() ? bar->x + bar->width : begin;
        if (begin + 4 + length <= std::max(end, drawing_.right)) {
            row.note_x = begin + 4;
        } else {
            row.note_x = drawing_.right - 4;
            row.note_ends_there = true;
        }
    }

    static std::string brief_of(const Finding& finding, std::uint32_t rank) {
        const auto at = std::find(finding.ranks.begin(), finding.ranks.end(), rank);
        const auto index = static_cast<std::size_t>(at - finding.ranks.begin());
        return index < finding.briefs.size() ? finding.briefs[index] : "";
    }

    double add_thin(const std::vector<const Pod*>& pods, double y) {
        const std::size_t each = (pods.size() + most_thin - 1) / most_thin;
        const std::size_t rows = (pods.size() + each - 1) / each;
        const double pitch = std::clamp(thin_room / static_cast<double>(rows), 2.0, 8.0);
        drawing_.headings.push_back(
            {y + heading_height - 9,
             fmt::format(
                 "the other {} pods, the slowest first{}", pods.size(),
                 each > 1 ? fmt::format("; a row is {} pods, shown as their slowest", each) : "")});
        y += heading_height;
        for (std::size_t i = 0; i < pods.size(); i += each) {
            Row row = row_of(*pods[i], y, pitch >= 4 ? pitch - 1 : pitch);
            row.thin = true;
            row.ranks = static_cast<std::uint32_t>(std::min(each, pods.size() - i));
            drawing_.rows.push_back(std::move(row));
            y += pitch;
        }
        return y + 4;
    }

    const Timeline& timeline_;
    const std::vector<Finding>& findings_;
    Scale scale_;
    Drawing drawing_;
};

}  // namespace

Drawing layout(const Timeline& timeline, const std::vector<Finding>& findings) {
    return Layout(timeline, findings).draw();
}

}  // namespace muster::timeline
