// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/findings.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "muster/base/idset.hpp"

namespace muster::timeline {
namespace {

/// Time that one pod lost at something, before pods that lost it alike are put together.
struct Loss {
    const Pod* pod = nullptr;
    double cost = 0;
    Stage stage = Stage::start;
    std::string why;  ///< with `stage`: pods with the same are one finding
};

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// How long the instance took to come up, or has been trying to.
double bring_up(const Timeline& timeline) {
    double last = timeline.formed.value_or(0);
    for (const auto& pod : timeline.pods) last = std::max(last, pod.online.value_or(0));
    return last > 0 ? last : timeline.end;
}

std::string counted(int count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// "ranks 3-7"; of ranks that are no few ranges: how many, and the worst, which comes first.
std::string ranks_text(const std::vector<std::uint32_t>& ranks) {
    constexpr std::size_t longest = 32;
    Idset set;
    for (const auto rank : ranks) set.insert(rank);
    const auto text = set.format();
    if (text.size() > longest)
        return fmt::format("{} pods (rank {} most of all)", ranks.size(), ranks.front());
    return fmt::format("rank{} {}", ranks.size() == 1 ? "" : "s", text);
}

std::string with_host(const Pod& pod) {
    return pod.host.empty() ? fmt::format("rank {}", pod.rank)
                            : fmt::format("rank {} ({})", pod.rank, pod.host);
}

std::string tries_of(const Pod& pod, Stage gate) {
    if (gate == Stage::name) return counted(pod.questions, "question");
    if (gate == Stage::curve) return counted(pod.handshakes, "handshake");
    return counted(pod.dials, "dial");
}

class Causes {
  public:
    explicit Causes(const Timeline& timeline)
        : timeline_(timeline), least_(std::max(0.1, 0.15 * bring_up(timeline))) {}

    std::vector<Finding> find() {
        find_failures();
        find_late_starts();
        find_waits();
        for (const auto stage : {Stage::start, Stage::prepare, Stage::boot, Stage::init})
            find_slow(stage);
        put_together();
        std::stable_sort(findings_.begin(), findings_.end(), [](const auto& a, const auto& b) {
            return std::pair(a.failure, a.cost) > std::pair(b.failure, b.cost);
        });
        return std::move(findings_);
    }

  private:
    /// When the broker of `pod`'s parent could first be reached, and was there to take it.
    double parent_listens(const Pod& pod) const {
        const auto* parent = parent_of(pod);
        if (parent == nullptr) return 0;
        for (const auto& span : parent->spans)
            if (span.stage == Stage::boot && parent->heard) return span.end;
        return parent->execed.value_or(0);
    }
    double parent_online(const Pod& pod) const {
        const auto* parent = parent_of(pod);
        return parent == nullptr ? 0 : parent->online.value_or(timeline_.end);
    }
    const Pod* parent_of(const Pod& pod) const {
        if (pod.rank == 0) return nullptr;
        return timeline_.find(pod.parent.value_or(0));
    }

    void fail(const Pod& pod, std::string text, std::string brief, std::optional<Stage> stage) {
        findings_.push_back({.cost = pod.end() - pod.begin(),
                             .ranks = {pod.rank},
                             .stage = stage,
                             .failure = true,
                             .text = std::move(text),
                             .briefs = {std::move(brief)}});
    }

    void find_failures() {
        for (const auto& pod : timeline_.pods) {
            const auto last = pod.spans.back().stage;
            if (pod.error_code)
                fail(pod,
                     fmt::format("{} gave up after {} (exit code {}): {}", with_host(pod),
                                 format_seconds(pod.end() - pod.begun.value_or(pod.begin())),
                                 *pod.error_code, pod.error),
                     fmt::format("gave up: exit code {}", *pod.error_code), last);
            else if (pod.code.value_or(0) != 0 && !pod.online)
                fail(pod,
                     fmt::format("{} ended with exit code {} before it was online", with_host(pod),
                                 *pod.code),
                     fmt::format("exit code {}", *pod.code), last);
        }
        find_missing();
        find_not_online();
    }

    void find_missing() {
        Idset missing;
        std::uint32_t next = 0;
        for (const auto& pod : timeline_.pods) {
            if (pod.rank > next) missing.insert(Idset::range(next, pod.rank - 1));
            next = pod.rank + 1;
        }
        if (timeline_.size > next) missing.insert(Idset::range(next, timeline_.size - 1));
        if (missing.empty()) return;
        findings_.push_back(
            {.cost = timeline_.end,
             .ranks = missing.ids(),
             .stage = {},
             .failure = true,
             .text = fmt::format("nothing is known of {}: not there, or out of reach",
                                 ranks_text(missing.ids())),
             .briefs = {}});
    }

    /// Those that are still on their way, one finding for each stage they are at.
    void find_not_online() {
        for (std::size_t i = 0; i < stage_count; ++i) {
            Finding finding{.cost = 0,
                            .ranks = {},
                            .stage = static_cast<Stage>(i),
                            .failure = true,
                            .text = {},
                            .briefs = {}};
            for (const auto& pod : timeline_.pods) {
                const bool on_its_way = !pod.online && (pod.heard || !pod.execed) &&
                                        !pod.error_code && !pod.ended &&
                                        pod.spans.back().stage == static_cast<Stage>(i);
                if (!on_its_way) continue;
                finding.ranks.push_back(pod.rank);
                finding.briefs.emplace_back("not online");
                finding.cost = std::max(finding.cost, pod.end() - pod.begin());
            }
            if (finding.ranks.empty()) continue;
            finding.text = fmt::format("{} {} not online after {} ({})", ranks_text(finding.ranks),
                                       finding.ranks.size() == 1 ? "is" : "are",
                                       format_seconds(finding.cost), label(*finding.stage));
            findings_.push_back(std::move(finding));
        }
    }

    /// Pods begin one after another; late is one that began long after most of them.
    void find_late_starts() {
        std::vector<double> starts;
        for (const auto& pod : timeline_.pods) starts.push_back(pod.begin());
        const double usual = median(std::move(starts));
        for (const auto& pod : timeline_.pods) {
            if (pod.lives > 1)
                lose(pod, pod.begun.value_or(0) - pod.begin(), Stage::earlier, "");
            else if (pod.begin() > 2 * usual + least_)
                lose(pod, pod.begin(), Stage::start, "late");
        }
    }

    /// At the gates and in join, as far as the parent was there by then.
    void find_waits() {
        for (const auto& pod : timeline_.pods) {
            const double listens = parent_listens(pod);
            for (const auto& span : pod.spans) {
                if (is_gate(span.stage))
                    lose_at_gate(pod, span, span.end - std::max(span.begin, listens));
                if (span.stage == Stage::join && pod.rank != 0)
                    lose(pod, span.end - std::max(span.begin, parent_online(pod)), Stage::join, "");
            }
        }
    }

    void lose_at_gate(const Pod& pod, const Span& span, double cost) {
        const auto* failure = pod.usual_failure(span.stage);
        lose(pod, cost, span.stage, failure == nullptr ? "" : failure->answered);
    }

    /// Whether it can be said how long `pod` was at `stage`: not of a broker without a word.
    static bool knows(const Pod& pod, Stage stage) {
        return stage < Stage::boot || pod.heard || pod.spent(Stage::boot) > 0;
    }

    /// What took longer than it took most others. The leader's rc1 is another than a follower's.
    void find_slow(Stage stage) {
        std::vector<double> others;
        for (const auto& pod : timeline_.pods)
            if (knows(pod, stage) && (pod.rank != 0 || timeline_.pods.size() < 3))
                others.push_back(pod.spent(stage));
        if (others.empty()) return;
        const double usual = median(std::move(others));
        for (const auto& pod : timeline_.pods) {
            if (!knows(pod, stage)) continue;
            const double excess = pod.spent(stage) - usual;
            const bool leaders_own = pod.rank == 0 && stage == Stage::init;
            if (leaders_own ? excess > usual && excess > 1 : excess > usual)
                lose(pod, excess, stage, "slow");
        }
    }

    void lose(const Pod& pod, double cost, Stage stage, std::string why) {
        if (cost < least_ || pod.error_code) return;  // why it gave up is said already
        losses_.push_back({&pod, cost, stage, std::move(why)});
    }

    void put_together() {
        std::stable_sort(losses_.begin(), losses_.end(),
                         [](const Loss& a, const Loss& b) { return a.cost > b.cost; });
        std::vector<bool> told(losses_.size());
        for (std::size_t i = 0; i < losses_.size(); ++i) {
            if (told[i]) continue;
            std::vector<const Loss*> alike;
            for (std::size_t j = i; j < losses_.size(); ++j) {
                const bool same = !told[j] && losses_[j].stage == losses_[i].stage &&
                                  losses_[j].why == losses_[i].why &&
                                  losses_[j].pod->parent == losses_[i].pod->parent;
                if (!same) continue;
                told[j] = true;
                alike.push_back(&losses_[j]);
            }
            findings_.push_back(tell(alike));
        }
    }

    Finding tell(const std::vector<const Loss*>& alike) const {
        const Loss& worst = *alike.front();
        Finding finding{.cost = worst.cost,
                        .ranks = {},
                        .stage = worst.stage,
                        .failure = false,
                        .text = {},
                        .briefs = {}};
        for (const auto* loss : alike) {
            finding.ranks.push_back(loss->pod->rank);
            finding.briefs.push_back(brief_of(*loss));
        }
        const bool one = alike.size() == 1;
        const auto who = one ? with_host(*worst.pod) : ranks_text(finding.ranks);
        const auto least = alike.back()->cost;
        const auto time =
            one || format_seconds(least) == format_seconds(worst.cost)
                ? format_seconds(worst.cost)
                : fmt::format("{} to {}", format_seconds(least), format_seconds(worst.cost));
        if (worst.stage == Stage::earlier)
            finding.text =
                fmt::format("{} {} restarted {}: its last life began {} after its first", who,
                            one ? "was" : "were", counted(worst.pod->lives - 1, "time"), time);
        else if (worst.stage == Stage::start && worst.why == "late")
            tell_of_late_start(finding, who, time);
        else if (is_gate(worst.stage))
            tell_of_gate(finding, who, time, worst);
        else if (worst.stage == Stage::join)
            finding.text = fmt::format("{} waited {} for {} to take {} in, after its rc1", who,
                                       time, parent_text(*worst.pod), one ? "it" : "them");
        else
            finding.text = fmt::format("{} took {} longer than the others for {}", who, time,
                                       what_was_slow(worst.stage));
        return finding;
    }

    static std::string_view what_was_slow(Stage stage) {
        if (stage == Stage::start) return "the process to load (a slow disk or image?)";
        if (stage == Stage::prepare) return "the plan and its files (a slow disk?)";
        if (stage == Stage::boot) return "the broker to begin";
        return "rc1";
    }

    std::string parent_text(const Pod& pod) const {
        const auto* parent = parent_of(pod);
        return parent == nullptr ? fmt::format("rank {}", pod.parent.value_or(0))
                                 : with_host(*parent);
    }

    /// What is written beside the bar of one pod.
    static std::string brief_of(const Loss& loss) {
        const auto time = format_seconds(loss.cost);
        if (loss.stage == Stage::earlier)
            return fmt::format("restarted {}", counted(loss.pod->lives - 1, "time"));
        if (loss.stage == Stage::start && loss.why == "late")
            return fmt::format("started {} after the first", time);
        if (is_gate(loss.stage))
            return fmt::format("{}: {}{}", time, loss.why.empty() ? "" : loss.why + ", ",
                               tries_of(*loss.pod, loss.stage));
        if (loss.stage == Stage::join) return fmt::format("{} in join", time);
        return fmt::format("{} longer than the others", time);
    }

    void tell_of_late_start(Finding& finding, const std::string& who,
                            const std::string& time) const {
        finding.text = fmt::format("{} started {} after the first pod", who, time);
        if (finding.ranks.size() != 1) return;
        std::size_t waited = 0;
        for (const auto& pod : timeline_.pods) {
            const auto* parent = parent_of(pod);
            if (parent == nullptr || parent->rank != finding.ranks[0]) continue;
            const auto listens = parent->execed.value_or(parent->end());
            for (const auto& span : pod.spans)
                if (is_gate(span.stage) && std::min(span.end, listens) - span.begin >= least_) {
                    ++waited;
                    break;
                }
        }
        if (waited > 0)
            finding.text +=
                fmt::format("; {} waited for it", counted(static_cast<int>(waited), "pod"));
    }

    void tell_of_gate(Finding& finding, const std::string& who, const std::string& time,
                      const Loss& worst) const {
        const auto parent = parent_text(*worst.pod);
        const auto& address = worst.pod->parent_address;
        const auto at = address.empty() ? std::string() : fmt::format(" at {}", address);
        const auto what =
            worst.stage == Stage::name       ? fmt::format("the name of {}", parent)
            : worst.stage == Stage::address  ? fmt::format("an answer from {}{}", parent, at)
            : worst.stage == Stage::listener ? fmt::format("{} to listen{}", parent, at)
                                             : fmt::format("{}{} to accept its key", parent, at);
        const auto answer = worst.why.empty() ? "" : worst.why + ", ";
        finding.text = fmt::format("{} waited {} for {}: {}{}", who, time, what, answer,
                                   tries_of(*worst.pod, worst.stage));
    }

    const Timeline& timeline_;
    double least_;
    std::vector<Loss> losses_;
    std::vector<Finding> findings_;
};

}  // namespace

std::string format_seconds(double seconds) {
    if (seconds < 0.0995) return fmt::format("{:.0f} ms", std::round(seconds * 1000));
    if (seconds < 0.9995) return fmt::format("{:.0f} ms", std::round(seconds * 100) * 10);
    if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
    if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<std::int64_t>(std::llround(seconds));
    if (whole < 600) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string headline(const Timeline& timeline) {
    if (timeline.pods.empty()) return "nothing is known of any pod";
    const auto brokers = fmt::format("{} broker{}", timeline.size, timeline.size == 1 ? "" : "s");
    if (timeline.formed)
        return fmt::format("{} formed in {}", brokers, format_seconds(*timeline.formed));
    const auto unheard = std::count_if(timeline.pods.begin(), timeline.pods.end(),
                                       [](const Pod& pod) { return pod.execed && !pod.heard; });
    if (unheard == static_cast<std::ptrdiff_t>(timeline.pods.size()))
        return fmt::format("{} of {} begun in {}", unheard, brokers, format_seconds(timeline.end));
    const auto online = std::count_if(timeline.pods.begin(), timeline.pods.end(),
                                      [](const Pod& pod) { return pod.online.has_value(); });
    return fmt::format("{} of {} online after {}, not formed", online, brokers,
                       format_seconds(timeline.end));
}

std::vector<Finding> find_causes(const Timeline& timeline) {
    if (timeline.pods.empty()) return {};
    return Causes(timeline).find();
}

}  // namespace muster::timeline
