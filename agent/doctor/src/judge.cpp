// SPDX-License-Identifier: Apache-2.0
// From what a broker says to a verdict: pure, so that every row has a test.
#include <algorithm>

#include "muster/doctor/broker.hpp"

namespace muster::doctor {
namespace {

Step failed(std::string name, Kind kind, std::string message,
            std::vector<std::string> evidence = {}) {
    return {std::move(name), {}, Error{kind, std::move(message)}, std::move(evidence)};
}

std::string peer(const bootstrap::Parent& parent) {
    return fmt::format("rank {} ({})", parent.rank, parent.host);
}

/// "ranks 2-3 (m-[2-3])"
std::string name_ranks(const Idset& ranks, const Hostlist& hosts) {
    Hostlist names;
    for (const auto rank : ranks.ids())
        if (rank < hosts.size()) names.append(hosts.hosts()[rank]);
    return fmt::format("rank{} {} ({})", ranks.size() == 1 ? "" : "s", ranks.format(),
                       names.format());
}

/// Two pods of one rank throw each other out, again and again; a broker that was killed comes anew
/// once. With Flux it is slow: one that was thrown out before it was in run takes a minute to see
/// it.
constexpr std::uint32_t least_reconnects = 2;

/// "rank 1 (m-1) has come anew 5 times while it was there: ...", of each rank that does so.
std::vector<std::string> name_twins(const BrokerView& view, const bootstrap::Plan& plan) {
    std::vector<std::string> twins;
    for (const auto& [rank, count] : view.reconnects)
        if (count >= least_reconnects)
            twins.push_back(
                fmt::format("{} has come anew {} times while it was there: two pods "
                            "have this rank (the names and indices of the pods say "
                            "which), or its broker crashes",
                            name_ranks(Idset::range(rank, rank), plan.identity.hosts), count));
    return twins;
}

/// What keeps a broker from being there at all.
Step judge_absence(const BrokerView& view, const bootstrap::Plan& plan) {
    constexpr const char* name = "broker";
    if (view.socket.state == Socket::State::denied)
        return failed(name, Kind::denied,
                      fmt::format("{} may not be opened by this user: run muster check as the "
                                  "user of the pod's broker",
                                  view.path));
    if (view.socket.state == Socket::State::refused)
        return failed(name, Kind::unavailable,
                      fmt::format("the broker of this pod was killed, its socket {} is left: see "
                                  "the memory limit, the node's events and the pod's log; "
                                  "muster-init starts a follower anew, a leader's end is final",
                                  view.path));
    if (view.run_failed)
        return failed(name, view.run_failed->kind,
                      fmt::format("muster run ended before it became a broker: {}",
                                  view.run_failed->message));
    if (!view.explained.empty())
        return failed(name, Kind::unavailable,
                      fmt::format("the broker has ended: {}", view.explained));
    if (!view.program_status.empty())
        return failed(name, Kind::unavailable,
                      fmt::format("the broker has ended: its program ended with {} (the "
                                  "program's own status); the pod's log says the rest",
                                  view.program_status));
    if (!view.planned)
        return failed(name, Kind::unavailable,
                      fmt::format("no broker was started: there is nothing of muster run in {}; "
                                  "the pod's entrypoint must be 'muster-init muster run', with "
                                  "the same --dir (MUSTER_DIR)",
                                  plan.paths.dir));
    if (plan.parent && !view.parent_reached)
        return failed(name, Kind::unavailable,
                      fmt::format("no broker runs in this pod: it waits for {}, is being started, "
                                  "or has ended; muster check says whether rank {} can be "
                                  "reached, the pod's log the rest",
                                  peer(*plan.parent), plan.parent->rank));
    const auto where = plan.parent ? fmt::format("though {} can be reached", peer(*plan.parent))
                                   : std::string("though it waits for nobody");
    return failed(name, Kind::unavailable,
                  fmt::format("no broker runs in this pod, {}: it is being started, or it has "
                              "ended; the pod's log says which",
                              where));
}

Step judge_silence(const BrokerView& view, const bootstrap::Plan& plan) {
    if (view.not_asked)
        return failed(
            "broker", view.not_asked->kind,
            fmt::format("a broker runs in this pod, but flux could not be asked: {}; "
                        "name the flux program with --flux{}{} (MUSTER_FLUX)",
                        view.not_asked->message, view.flux.empty() ? "" : " ", view.flux));
    if (view.alive && plan.parent)
        return failed("broker", Kind::unavailable,
                      fmt::format("this pod's broker answers, but the leader does not answer it: "
                                  "run muster check in the pod of rank 0 ({}); if that pod is "
                                  "gone, this broker ends by itself after heartbeat.timeout",
                                  plan.identity.hosts.hosts().front()),
                      {view.complaint});
    return failed("broker", Kind::unavailable,
                  "the broker runs but does not answer: it is stopped, hangs, or gets no CPU "
                  "time (see the pod's CPU limit and throttling)",
                  {view.complaint});
}

Step judge_waiting(const BrokerView& view, const bootstrap::Plan& plan) {
    const auto& uptime = *view.uptime;
    if (uptime.state != "quorum" || view.overlay.empty()) {
        if (plan.parent)
            return failed("broker", Kind::unavailable,
                          fmt::format("the broker is in state {} for {}: {} accepts our key and "
                                      "has not taken it into the instance yet; it does so once it "
                                      "has joined itself and has run its rc1: run muster check "
                                      "in that pod",
                                      uptime.state, uptime.since, peer(*plan.parent)));
        return failed("broker", Kind::unavailable,
                      fmt::format("the broker is in state {} for {}: wait; if it stays there, "
                                  "the pod's log says what its rc1 does",
                                  uptime.state, uptime.since));
    }
    Idset missing;
    std::size_t online = 0;
    for (const auto& node : view.overlay) {
        if (node.online())
            ++online;
        else
            missing.insert(node.rank);
    }
    const auto names = name_ranks(missing, plan.identity.hosts);
    if (online >= plan.quorum || missing.empty())
        return {"broker",
                fmt::format("quorum for {}: all that are needed are there", uptime.since),
                {},
                {}};
    std::string others;
    for (const auto& twin : name_twins(view, plan)) others += "; " + twin;
    return failed("broker", Kind::unavailable,
                  fmt::format("the instance waits for its quorum for {}: {} of {} brokers are "
                              "online, absent: {}; run muster check in {}, or see why there "
                              "is none{}",
                              uptime.since, online, plan.quorum, names,
                              missing.size() == 1 ? "its pod" : "their pods", others));
}

std::string cores(std::size_t count) {
    return fmt::format("{} core{}", count, count == 1 ? "" : "s");
}

std::string gpus(std::size_t count) {
    return count == 0 ? "" : fmt::format(" and {} GPU{}", count, count == 1 ? "" : "s");
}

}  // namespace

Step judge_broker(const BrokerView& view, const bootstrap::Plan& plan) {
    if (view.socket.state != Socket::State::open) return judge_absence(view, plan);
    if (!view.uptime) return judge_silence(view, plan);
    const auto& uptime = *view.uptime;
    if (uptime.ending())
        return {"broker",
                fmt::format("{} for {}: the instance is ending", uptime.state, uptime.since),
                {},
                {}};
    if (uptime.state != "run") return judge_waiting(view, plan);
    std::string text = fmt::format("run for {}, size {}", uptime.since, uptime.size);
    if (uptime.offline > 0) text += fmt::format(", {} offline", uptime.offline);
    if (uptime.drained > 0) text += fmt::format(", {} drained", uptime.drained);
    return {"broker", std::move(text), {}, {}};
}

Step judge_resources(const BrokerView& view, std::uint32_t rank, const resources::Shape& shape,
                     bool given) {
    const auto has = cores(shape.cores) + gpus(shape.gpus);
    const auto node = view.r ? std::ranges::find(view.r->nodes, rank, &resources::R::Node::rank)
                             : std::vector<resources::R::Node>::const_iterator{};
    const bool in_r = view.r && node != view.r->nodes.end();
    const auto promised = in_r ? cores(node->cores.size()) + gpus(node->gpus.size()) : "";
    const auto mend =
        "give all pods the same CPU limits (the leader's count for all), or say what "
        "each one has with --resources (MUSTER_RESOURCES)";
    if (const auto* line = line_of(view.resources, rank); line != nullptr && line->drained()) {
        const auto reason = line->reason.empty() ? "without a reason" : line->reason;
        if (line->reason == "muster leave")
            return {"resources", fmt::format("{}: this rank is leaving", line->state), {}, {}};
        if (line->reason.find("missing resources") != std::string::npos)
            return failed("resources", Kind::config,
                          fmt::format("rank {} gets no jobs, Flux has drained it: {}; this pod "
                                      "may use {}{}: {}",
                                      rank, reason, has,
                                      in_r ? fmt::format(", R gives it {}", promised) : "", mend));
        return failed("resources", Kind::config,
                      fmt::format("rank {} gets no jobs, it is drained: {}; when that is mended: "
                                  "flux resource undrain {}",
                                  rank, reason, rank));
    }
    if (!in_r) return {"resources", fmt::format("this pod may use {}", has), {}, {}};
    if (!given && (node->cores.size() > shape.cores || node->gpus.size() > shape.gpus))
        return failed("resources", Kind::config,
                      fmt::format("R gives rank {} {}, but this pod may use {} only: its jobs "
                                  "would share them; {}",
                                  rank, promised, has, mend));
    return {"resources",
            fmt::format("R gives this rank {}, the pod may use {}", promised, has),
            {},
            {}};
}

std::vector<std::string> notes_on_others(const BrokerView& view, const bootstrap::Plan& plan) {
    auto notes = name_twins(view, plan);
    // The verdict says it.
    if (view.uptime && view.uptime->state == "quorum") notes.clear();
    const auto& identity = plan.identity;
    Idset absent;
    for (const auto& node : view.overlay) {
        if (node.online() || node.rank == identity.rank) continue;
        if (node.status == "offline" && node.note.empty()) {
            // Those beyond the size at start may come or not.
            if (node.rank < identity.size) absent.insert(node.rank);
            continue;
        }
        notes.push_back(fmt::format("rank {} ({}) is {}{}{}", node.rank, node.host, node.status,
                                    node.note.empty() ? "" : ": ", node.note));
    }
    if (!absent.empty())
        notes.push_back(fmt::format("{} never came: run muster check in {}",
                                    name_ranks(absent, identity.hosts),
                                    absent.size() == 1 ? "its pod" : "their pods"));
    for (const auto& line : view.resources) {
        if (!line.drained() || (line.ranks.size() == 1 && line.ranks.contains(identity.rank)))
            continue;
        notes.push_back(fmt::format("{} {} {}: {}", name_ranks(line.ranks, identity.hosts),
                                    line.ranks.size() == 1 ? "is" : "are", line.state,
                                    line.reason.empty() ? "no reason given" : line.reason));
    }
    return notes;
}

}  // namespace muster::doctor
