// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/leave.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "muster/base/atomic_file.hpp"
#include "muster/base/own_program.hpp"
#include "muster/base/reactor.hpp"

namespace muster::doctor {
namespace {

using What = LeaveOutcome::What;
using namespace std::chrono_literals;

constexpr Duration question_limit = 5s;
constexpr Duration first_pause = 200ms;
constexpr Duration longest_pause = 1s;
constexpr Duration loss_is_seen_within = 3s;
/// Beyond the wait for the jobs: the rest of the grace, and a kubelet that is slow.
constexpr Duration going_takes = 2min;

const Command on_leader{"exec", "-n", "-r", "0"};
const Command resource_status{"resource", "status", "-n", "-o", std::string(status_format)};

/// Waits between two questions, longer each time.
class Pause {
  public:
    explicit Pause(const Clock& clock) : clock_(clock) {}
    void wait(Deadline deadline) {
        if (auto reactor = Reactor::make(clock_))
            reactor->run(Deadline::after(clock_, pause_).sooner(deadline));
        pause_ = std::min(pause_ * 2, longest_pause);
    }

  private:
    const Clock& clock_;
    Duration pause_ = first_pause;
};

class Leaving {
  public:
    Leaving(const Pod& pod, Duration limit, const Clock& clock)
        : pod_(pod), limit_(limit), clock_(clock), rank_(pod.plan.identity.rank) {}

    LeaveOutcome run() {
        if (auto early = find_nothing_to_do()) return std::move(*early);
        const Command drain{"resource", "drain", std::to_string(rank_), std::string(leave_reason)};
        const auto drained = ask(pod_.flux, drain, question_limit, clock_);
        const bool before = drained.err.find("already drained") != std::string::npos;
        if (!drained.ok() && !before) {
            if (ends_soon()) return ending();
            mark();
            return failed(drained.complaint(drain, question_limit));
        }
        mark();
        if (drained.ok()) remember_to_undrain();
        return wait_for_jobs();
    }

  private:
    std::optional<LeaveOutcome> find_nothing_to_do() {
        if (!pod_.plan.parent)
            return LeaveOutcome{What::ending, "rank 0 leads: the instance ends with it", {}};
        if (look_at_socket(pod_.flux.socket).state != Socket::State::open)
            return LeaveOutcome{What::nothing, "no broker runs in this pod", {}};
        std::string complaint;
        const auto own = ask_state(pod_.flux, {}, question_limit, clock_, complaint);
        if ((own && own->ending()) || (own && own->online() && leader_is_ending())) return ending();
        if (own && own->online()) return {};
        if (!own && ends_soon()) return ending();
        mark();
        if (own)
            return LeaveOutcome{
                What::nothing,
                fmt::format("the broker is in state {}: no job can be here", own->state),
                {}};
        return failed(complaint);
    }

    bool leader_is_ending() {
        std::string complaint;
        const auto leader = ask_state(pod_.flux, on_leader, question_limit, clock_, complaint);
        return leader && leader->ending();
    }

    /// Whether a question failed because who is asked is about to be gone: a broker that has lost
    /// its leader ends, too. A leader that answers is not.
    bool ends_soon() {
        const auto deadline = Deadline::after(clock_, loss_is_seen_within);
        std::string ignored;
        for (Pause pause(clock_); !deadline.passed(clock_.now()); pause.wait(deadline)) {
            if (look_at_socket(pod_.flux.socket).state != Socket::State::open) return true;
            const auto leader = ask_state(pod_.flux, on_leader, question_limit, clock_, ignored);
            const auto own = ask_state(pod_.flux, {}, question_limit, clock_, ignored);
            if ((leader && leader->ending()) || (own && own->ending())) return true;
            if (leader) return false;
        }
        return false;
    }

    LeaveOutcome wait_for_jobs() {
        const auto deadline = Deadline::after(clock_, limit_);
        std::string ignored;
        for (Pause pause(clock_);; pause.wait(deadline)) {
            const auto answer = ask(pod_.flux, resource_status, question_limit, clock_);
            const auto lines =
                answer.ok()
                    ? parse_resource_status(answer.out).value_or(std::vector<ResourceLine>{})
                    : std::vector<ResourceLine>{};
            const bool gone = look_at_socket(pod_.flux.socket).state != Socket::State::open;
            const auto progress =
                gone ? LeaveProgress::ending
                     : judge_leave(ask_state(pod_.flux, on_leader, question_limit, clock_, ignored),
                                   ask_state(pod_.flux, {}, question_limit, clock_, ignored), lines,
                                   rank_);
            if (progress == LeaveProgress::ending) return ending();
            if (progress == LeaveProgress::done)
                return {What::left,
                        fmt::format("rank {} is drained, and no job is left on it{}", rank_, note_),
                        {}};
            if (deadline.passed(clock_.now()))
                return {What::busy,
                        fmt::format("rank {} is drained, but jobs still run on it after {:.0f} s: "
                                    "they fail when the pod goes; a longer grace (--grace and the "
                                    "pod's terminationGracePeriodSeconds) lets them end{}",
                                    rank_, std::chrono::duration<double>(limit_).count(), note_),
                        {}};
        }
    }

    /// The leader then ends the instance in order, for which this broker has to be there.
    LeaveOutcome ending() {
        ::unlink(pod_.plan.paths.leaving.c_str());
        return {What::ending, "the whole instance is ending", {}};
    }

    LeaveOutcome failed(const std::string& why) {
        return {What::failed,
                {},
                Error{Kind::unavailable,
                      fmt::format("rank {} could not be drained ({}): its jobs fail when the pod "
                                  "goes",
                                  rank_, why)}};
    }

    void mark() {
        if (const auto marked = write_file(pod_.plan.paths.leaving, "", 0644, Lasting::no); !marked)
            note_ += "; " + marked.error().message;
    }

    void remember_to_undrain() {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit_ + going_takes).count();
        const Command command{"exec",
                              "-n",
                              "-r",
                              "0",
                              own_program(),
                              "leave",
                              "--when-gone",
                              std::to_string(rank_),
                              fmt::format("--for={}s", seconds)};
        // Without it the rank stays drained when it comes back, which `status` and `check` say.
        static_cast<void>(ask(pod_.flux, command, question_limit, clock_));
    }

    const Pod& pod_;
    Duration limit_;
    const Clock& clock_;
    std::uint32_t rank_;
    std::string note_;
};

}  // namespace

std::string_view format(LeaveOutcome::What what) {
    constexpr std::array<std::string_view, 5> names{"left", "busy", "ending", "nothing", "failed"};
    return names.at(static_cast<std::size_t>(what));
}

LeaveProgress judge_leave(const std::optional<Uptime>& leader, const std::optional<Uptime>& own,
                          const std::vector<ResourceLine>& lines, std::uint32_t rank) {
    if ((leader && leader->ending()) || (own && own->ending())) return LeaveProgress::ending;
    const auto* line = line_of(lines, rank);
    if (line == nullptr || line->state.starts_with("draining")) return LeaveProgress::waiting;
    return LeaveProgress::done;
}

LeaveOutcome leave(const Pod& pod, Duration limit, const Clock& clock) {
    return Leaving(pod, limit, clock).run();
}

Result<void> undrain_when_gone(const Flux& flux, std::uint32_t rank, Duration limit,
                               const Clock& clock) {
    const auto deadline = Deadline::after(clock, limit);
    const Command overlay{"overlay", "status"};
    for (Pause pause(clock); !deadline.passed(clock.now()); pause.wait(deadline)) {
        if (look_at_socket(flux.socket).state != Socket::State::open) return {};
        const auto answer = ask(flux, overlay, question_limit, clock);
        const auto nodes = parse_overlay(answer.ok() ? answer.out : "");
        const auto node = nodes ? std::ranges::find(*nodes, rank, &OverlayNode::rank)
                                : std::vector<OverlayNode>::const_iterator{};
        if (!nodes || node == nodes->end() || node->online()) continue;
        const auto status = ask(flux, resource_status, question_limit, clock);
        const auto lines = parse_resource_status(status.ok() ? status.out : "");
        if (!lines) return tl::unexpected<Error>(lines.error());
        const auto* line = line_of(*lines, rank);
        if (line == nullptr || !line->drained() || line->reason != leave_reason) return {};
        const Command undrain{"resource", "undrain", std::to_string(rank)};
        const auto undrained = ask(flux, undrain, question_limit, clock);
        if (undrained.ok()) return {};
        return fail(Kind::unavailable, "{}", undrained.complaint(undrain, question_limit));
    }
    return {};
}

}  // namespace muster::doctor
