// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "muster/timeline/layout.hpp"

namespace muster::timeline {
namespace {

/// The longest stretch in which every pod that is drawn only runs.
std::optional<Scale::Gap> quiet_time(const Timeline& timeline) {
    double begin = timeline.formed.value_or(timeline.end);
    double end = timeline.end;
    for (const auto& pod : timeline.pods)
        for (const auto& span : pod.spans) {
            if (span.stage == Stage::end) end = std::min(end, span.begin);
            if (span.stage != Stage::run && span.stage != Stage::end)
                begin = std::max(begin, span.end);
        }
    for (const auto& pod : timeline.pods)
        if (!pod.spans.empty() && pod.spans.back().stage == Stage::run && pod.end() < timeline.end)
            end = std::min(end, std::max(begin, pod.end()));
    if (end <= begin) return {};
    // A little of it before and after says what it is.
    const double margin = 0.05 * (timeline.end - (end - begin)) + 1e-3;
    return Scale::Gap{begin + margin, end - margin};
}

}  // namespace

Scale::Scale(const Timeline& timeline, double width, double gap_width)
    : end_(std::max(timeline.end, 1e-3)), width_(width) {
    for (const auto& pod : timeline.pods) begin_ = std::min(begin_, pod.begin());
    const auto quiet = gap_width > 0 ? quiet_time(timeline) : std::nullopt;
    if (quiet && quiet->end - quiet->begin > 0.25 * (end_ - begin_)) {
        gap_ = quiet;
        gap_width_ = gap_width;
    }
    const double drawn = end_ - begin_ - (gap_ ? gap_->end - gap_->begin : 0);
    per_second_ = (width_ - gap_width_) / std::max(drawn, 1e-6);
}

double Scale::operator()(double seconds) const {
    seconds = std::clamp(seconds, begin_, end_);
    double x = (seconds - begin_) * per_second_;
    if (gap_ && seconds > gap_->begin) {
        const double inside = std::min(seconds, gap_->end) - gap_->begin;
        x += inside * (gap_width_ / (gap_->end - gap_->begin) - per_second_);
    }
    return std::clamp(x, 0.0, width_);
}

std::vector<Scale::Mark> Scale::marks(double distance) const {
    double step = 1e-3;
    for (int i = 0; step * per_second_ < distance && i < 60; ++i) {
        // 1, 2, 5, 10, ... of a millisecond, and of a second; from a minute on 1, 2, 5 of it.
        constexpr double factors[] = {2, 2.5, 2};
        step *= factors[i % 3];
    }
    std::vector<Mark> marks;
    const int decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
    const auto first = static_cast<std::int64_t>(std::ceil(begin_ / step - 1e-9));
    for (std::int64_t i = first; marks.size() < 200; ++i) {
        double at = static_cast<double>(i) * step;
        if (at > end_ + 1e-9) break;
        if (gap_ && at > gap_->begin && at < gap_->end) {
            i = static_cast<std::int64_t>(std::ceil(gap_->end / step)) - 1;
            continue;
        }
        if (!marks.empty() && (*this)(at) - (*this)(marks.back().seconds) < distance * 0.6)
            continue;
        marks.push_back({at, fmt::format("{:.{}f}", at, decimals)});
    }
    if (!marks.empty()) marks.back().label += " s";
    return marks;
}

}  // namespace muster::timeline
