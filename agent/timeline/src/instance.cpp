// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/instance.hpp"

#include <algorithm>
#include <map>

#include "clocks.hpp"
#include "muster/base/idset.hpp"

namespace muster::timeline {
namespace {

struct StageWords {
    std::string_view label;
    char letter;
};
constexpr std::array<StageWords, stage_count> words{{
    {"earlier lives", '-'},
    {"process loads", 's'},
    {"plan and files", 'p'},
    {"waits for the name", 'N'},
    {"waits for the address", 'A'},
    {"waits for a listener", 'L'},
    {"waits for the key's acceptance", 'K'},
    {"broker begins", 'b'},
    {"join: waits for its parent's rc1", 'j'},
    {"rc1", 'i'},
    {"quorum: waits for the others", 'q'},
    {"runs", '='},
    {"shuts down", 'e'},
}};

std::optional<Stage> stage_of_phase(std::string_view name) {
    if (name == "start") return Stage::start;
    if (name == "identify" || name == "plan" || name == "write") return Stage::prepare;
    if (name == "name") return Stage::name;
    if (name == "address") return Stage::address;
    if (name == "listener") return Stage::listener;
    if (name == "curve") return Stage::curve;
    return {};
}

Stage stage_of_state(std::string_view name) {
    if (name == "load-builtins" || name == "none") return Stage::boot;
    if (name == "join" || name == "config-sync") return Stage::join;
    if (name == "init") return Stage::init;
    if (name == "quorum") return Stage::quorum;
    if (name == "run") return Stage::run;
    return Stage::end;
}

/// Appends a span; one of the same stage that touches it is made longer instead. What would
/// overlap is cut.
void add_span(std::vector<Span>& spans, Stage stage, double begin, double end) {
    if (!spans.empty()) begin = std::max(begin, spans.back().end);
    if (end < begin) return;
    constexpr double hair = 1e-4;  // times are whole microseconds
    if (!spans.empty() && spans.back().stage == stage && spans.back().end >= begin - hair)
        spans.back().end = end;
    else
        spans.push_back({stage, begin, end});
}

class Builder {
  public:
    Builder(std::uint32_t rank, const Record& record, WallTime zero, WallTime now, Duration shift)
        : record_(record), zero_(zero - shift), now_(now - zero) {
        pod_.rank = rank;
        pod_.shift = std::chrono::duration<double>(shift).count();
    }

    Pod build() {
        if (record_.started) started_ = seconds(*record_.started);
        if (record_.report) add_report(*record_.report);
        add_states();
        if (record_.ended) pod_.ended = seconds(*record_.ended);
        if (pod_.ended && !pod_.spans.empty())
            pod_.spans.back().end = std::max(pod_.spans.back().end, *pod_.ended);
        pod_.code = record_.code;
        if (pod_.spans.empty() && started_)
            add_span(pod_.spans, Stage::start, *started_,
                     pod_.ended.value_or(std::chrono::duration<double>(now_).count()));
        return std::move(pod_);
    }

  private:
    double seconds(WallTime at) const { return std::chrono::duration<double>(at - zero_).count(); }

    void add_report(const Report& report) {
        pod_.host = report.host;
        pod_.parent = report.parent;
        pod_.parent_address = report.parent_address;
        pod_.questions = report.questions;
        pod_.dials = report.dials;
        pod_.handshakes = report.handshakes;
        pod_.lives = report.lives;
        pod_.error_code = report.error_code;
        pod_.error = report.error;
        if (!report.phases.empty()) add_phases(report);
        for (const auto& attempt : report.attempts) add_attempt(attempt);
    }

    void add_phases(const Report& report) {
        const double begun = seconds(report.phases.front().begun);
        pod_.begun = begun;
        if (report.lives > 1 && report.first_life)
            add_span(pod_.spans, Stage::earlier, std::min(begun, seconds(*report.first_life)),
                     begun);
        else if (started_ && *started_ < begun)
            add_span(pod_.spans, Stage::start, *started_, begun);
        for (const auto& phase : report.phases) {
            const double begin = seconds(phase.begun);
            const auto stage = stage_of_phase(phase.name);
            if (!stage) {
                pod_.execed = begin;
                continue;
            }
            if (is_gate(*stage) && !gates_) gates_ = begin;
            add_span(pod_.spans, *stage, begin,
                     begin + std::chrono::duration<double>(phase.took).count());
        }
        if (report.error_code) pod_.execed.reset();
    }

    void add_attempt(const Report::Attempt& attempt) {
        const auto stage = stage_of_phase(attempt.gate);
        if (!stage || !is_gate(*stage) || !gates_) return;
        const double took = std::chrono::duration<double>(attempt.took).count();
        const double at = *gates_ + std::chrono::duration<double>(attempt.begun).count();
        pod_.attempts.push_back(
            {*stage, attempt.passed, at, took, attempt.asked, attempt.answered});
    }

    void add_states() {
        const auto states = last_life(record_);
        // A restarted pod whose report is newer than its broker's last word: that word is of an
        // earlier life.
        const bool stale =
            pod_.execed && !states.empty() && seconds(states.back().entered) < *pod_.execed - 1.0;
        const double end = record_.ended ? seconds(*record_.ended)
                                         : std::max(std::chrono::duration<double>(now_).count(),
                                                    pod_.execed.value_or(0));
        if (states.empty() || stale) {
            // Without a word of the broker's, only who watched it knows that it still begins.
            const bool watched = record_.one_clock || record_.ended;
            if (pod_.execed)
                add_span(pod_.spans, Stage::boot, *pod_.execed,
                         watched ? end : std::max(*pod_.execed, pod_.end()));
            return;
        }
        pod_.heard = true;
        const double first = seconds(states.front().entered);
        if (pod_.execed)
            add_span(pod_.spans, Stage::boot, *pod_.execed, first);
        else if (started_)
            add_span(pod_.spans, Stage::start, *started_, first);
        for (std::size_t i = 0; i < states.size(); ++i) {
            const auto stage = stage_of_state(states[i].name);
            const double at = seconds(states[i].entered);
            const bool last = i + 1 == states.size();
            if (states[i].name == "exit" && record_.ended && last) continue;
            add_span(pod_.spans, stage, at, last ? end : seconds(states[i + 1].entered));
            if ((stage == Stage::quorum || stage == Stage::run) && !pod_.online) pod_.online = at;
            if (stage == Stage::run && !pod_.running) pod_.running = at;
        }
    }

    const Record& record_;
    WallTime zero_;
    Duration now_;
    std::optional<double> started_, gates_;
    Pod pod_;
};

void note_unheard(Timeline& timeline) {
    Idset unheard;
    for (const auto& pod : timeline.pods)
        if (!pod.heard && pod.execed) unheard.insert(pod.rank);
    if (!unheard.empty())
        timeline.notes.push_back(
            fmt::format("of what the broker of rank {} did there is no word", unheard.format()));
}

struct Bounds {
    std::optional<WallTime> first, last;
    void add(WallTime at) {
        first = std::min(first.value_or(at), at);
        last = std::max(last.value_or(at), at);
    }
};

Bounds bounds_of(const Record& record, Duration shift) {
    Bounds bounds;
    if (record.started) bounds.add(*record.started + shift);
    if (record.ended) bounds.add(*record.ended + shift);
    if (record.report) {
        for (const auto& phase : record.report->phases) {
            bounds.add(phase.begun + shift);
            bounds.add(phase.begun + phase.took + shift);
        }
        if (record.report->lives > 1 && record.report->first_life)
            bounds.add(*record.report->first_life + shift);
    }
    for (const auto& state : last_life(record)) bounds.add(state.entered + shift);
    return bounds;
}

}  // namespace

std::string_view label(Stage stage) {
    return words.at(static_cast<std::size_t>(stage)).label;
}

char letter(Stage stage) {
    return words.at(static_cast<std::size_t>(stage)).letter;
}

double Pod::spent(Stage stage) const {
    double sum = 0;
    for (const auto& span : spans)
        if (span.stage == stage) sum += span.length();
    return sum;
}

const Attempt* Pod::usual_failure(Stage gate) const {
    std::map<std::string_view, int> times;
    for (const auto& attempt : attempts)
        if (attempt.gate == gate && !attempt.passed) ++times[attempt.answered];
    const Attempt* usual = nullptr;
    for (const auto& attempt : attempts) {
        if (attempt.gate != gate || attempt.passed) continue;
        if (usual == nullptr || times[attempt.answered] > times[usual->answered]) usual = &attempt;
    }
    return usual;
}

const Pod* Timeline::find(std::uint32_t rank) const {
    const auto found =
        std::lower_bound(pods.begin(), pods.end(), rank,
                         [](const Pod& pod, std::uint32_t r) { return pod.rank < r; });
    return found != pods.end() && found->rank == rank ? &*found : nullptr;
}

Timeline assemble(const Records& records, std::optional<WallTime> now) {
    Timeline timeline;
    const auto shifts = mend_clocks(records, timeline.notes);
    const auto shift_of = [&shifts](std::uint32_t rank) {
        const auto found = shifts.find(rank);
        return found == shifts.end() ? Duration::zero() : found->second;
    };
    Bounds all;
    for (const auto& [rank, record] : records) {
        const auto bounds = bounds_of(record, shift_of(rank));
        if (bounds.first) all.add(*bounds.first);
        if (bounds.last) all.add(*bounds.last);
        timeline.size = std::max(timeline.size, rank + 1);
        if (!record.report) continue;
        timeline.size = std::max(timeline.size, record.report->size.value_or(0));
        if (timeline.instance.empty()) timeline.instance = record.report->instance;
    }
    if (!all.first) return timeline;
    timeline.zero = *all.first;
    const WallTime last = now ? std::max(*now, *all.last) : *all.last;
    for (const auto& [rank, record] : records) {
        auto pod = Builder(rank, record, timeline.zero, last, shift_of(rank)).build();
        if (pod.spans.empty()) continue;
        timeline.end = std::max(timeline.end, pod.end());
        if (rank == 0) timeline.formed = pod.running;
        timeline.pods.push_back(std::move(pod));
    }
    note_unheard(timeline);
    return timeline;
}

}  // namespace muster::timeline
