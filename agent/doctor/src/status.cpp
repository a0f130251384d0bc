// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/status.hpp"

#include <algorithm>
#include <array>

#include "muster/doctor/text_table.hpp"

namespace muster::doctor {
namespace {

using json::Value;

/// Every pod has its own directory, beside its broker's socket. To standard error, as flux exec
/// passes that on at once: what it has for standard output is lost when it is killed because one
/// rank does not answer.
constexpr const char* read_report =
    R"(u=${FLUX_URI#local://}; exec cat "${u%/run/local}/report.json" >&2)";

std::optional<resources::Shape> reported_shape(const Value& report) {
    const auto shape = report.get("resources");
    const auto cores = shape.get("cores").as_integer();
    const auto gpus = shape.get("gpus").as_integer();
    if (!cores || !gpus) return {};
    return resources::Shape{static_cast<std::uint32_t>(*cores), static_cast<std::uint32_t>(*gpus)};
}

std::optional<resources::Shape> shape_in(const std::optional<resources::R>& r, std::uint32_t rank) {
    if (!r) return {};
    const auto node = std::ranges::find(r->nodes, rank, &resources::R::Node::rank);
    if (node == r->nodes.end()) return {};
    return resources::Shape{static_cast<std::uint32_t>(node->cores.size()),
                            static_cast<std::uint32_t>(node->gpus.size())};
}

/// "4", or "4, pod has 2".
std::string compare(std::optional<std::uint32_t> r, std::optional<std::uint32_t> pod) {
    if (!r && !pod) return "-";
    if (!r) return std::to_string(*pod);
    if (!pod || *r == *pod) return std::to_string(*r);
    return fmt::format("{}, pod has {}", *r, *pod);
}

/// From the start of the pod's process to its broker's.
std::string start_time(const Value& report) {
    const auto phases = report.get("phases").items();
    if (phases.empty()) return "-";
    std::int64_t microseconds = 0;
    for (const auto& phase : phases) microseconds += phase.get("took_us").as_integer().value_or(0);
    return fmt::format("{:.3g} s", static_cast<double>(microseconds) / 1e6);
}

std::string note_on(const RankStatus& rank) {
    std::string note = rank.node.note;
    const auto add = [&note](const std::string& text) {
        note += (note.empty() ? "" : "; ") + text;
    };
    if (rank.resources && !rank.resources->reason.empty()) add(rank.resources->reason);
    if (rank.too_small()) add("the pod has less than R gives it");
    if (rank.silent)
        add("it did not answer");
    else if (rank.node.online() && rank.report.is_null())
        add("its pod gave no report");
    return note;
}

Value to_json(const resources::Shape& shape) {
    return Value::object()
        .set("cores", Value::integer(shape.cores))
        .set("gpus", Value::integer(shape.gpus));
}

template <class Member>
std::optional<std::uint32_t> member(const std::optional<resources::Shape>& shape, Member of) {
    return shape ? std::optional<std::uint32_t>((*shape).*of) : std::nullopt;
}

}  // namespace

bool RankStatus::too_small() const {
    return r && pod && (pod->cores < r->cores || pod->gpus < r->gpus);
}

Idset InstanceStatus::silent() const {
    Idset silent;
    for (const auto& rank : ranks)
        if (rank.silent) silent.insert(rank.node.rank);
    return silent;
}

std::optional<Error> InstanceStatus::trouble(Duration limit) const {
    const auto which = silent();
    if (which.empty()) return {};
    Hostlist hosts;
    for (const auto& rank : ranks)
        if (rank.silent) hosts.append(rank.node.host);
    return describe_silence(which, hosts, limit);
}

Error describe_silence(const Idset& ranks, const Hostlist& hosts, Duration limit) {
    const bool one = ranks.size() == 1;
    return {
        Kind::unavailable,
        fmt::format("rank{} {} ({}) did not answer in {:.3g} s, though {} online: {} "
                    "broker, or one between {} and this pod, is stopped, hangs, or gets "
                    "no CPU time; run muster check in {}",
                    one ? "" : "s", ranks.format(), hosts.format(),
                    std::chrono::duration<double>(limit).count(), one ? "it is" : "they are",
                    one ? "its" : "their", one ? "it" : "them", one ? "its pod" : "their pods")};
}

InstanceStatus make_status(const BrokerView& view, std::string_view reports, bool cut_short) {
    InstanceStatus status;
    if (view.uptime) status.uptime = *view.uptime;
    const auto by_rank = split_labelled(reports);
    for (const auto& node : view.overlay) {
        RankStatus rank{.node = node};
        if (const auto* line = line_of(view.resources, node.rank)) rank.resources = *line;
        rank.r = shape_in(view.r, node.rank);
        if (const auto text = by_rank.find(node.rank); text != by_rank.end())
            rank.report = Value::parse(text->second).value_or(Value());
        rank.pod = reported_shape(rank.report);
        rank.silent = cut_short && node.online() && !by_rank.contains(node.rank);
        status.ranks.push_back(std::move(rank));
    }
    std::ranges::sort(status.ranks, {}, [](const RankStatus& rank) { return rank.node.rank; });
    return status;
}

Result<InstanceStatus> look_at_instance(const Pod& pod, Duration limit, const Clock& clock) {
    auto view = look_at_broker(pod.flux, pod.plan.paths, Depth::instance, limit, clock);
    if (!view.uptime || view.overlay.empty()) {
        const auto step = judge_broker(view, pod.plan);
        if (!step.passed()) return tl::unexpected<Error>(*step.error);
        return fail(Kind::unavailable, "{}", step.text);
    }
    const Command collect{"exec", "-l", "-n", "-r", "all", "sh", "-c", read_report};
    const auto reports = ask(pod.flux, collect, limit, clock);
    return make_status(view, reports.err, reports.outcome == Answer::Outcome::timed_out);
}

std::string format_status(const InstanceStatus& status) {
    const auto& uptime = status.uptime;
    std::string text = fmt::format("{} for {}, size {}", uptime.state, uptime.since, uptime.size);
    if (uptime.offline > 0) text += fmt::format(", {} offline", uptime.offline);
    if (uptime.drained > 0) text += fmt::format(", {} drained", uptime.drained);
    std::vector<std::vector<std::string>> rows{
        {"RANK", "HOST", "BROKER", "RESOURCES", "CORES", "GPUS", "LIVES", "START", "NOTE"}};
    for (const auto& rank : status.ranks) {
        const auto lives = rank.report.get("lives").get("count").as_integer();
        rows.push_back({std::to_string(rank.node.rank), rank.node.host, rank.node.status,
                        rank.resources ? rank.resources->state : "-",
                        compare(member(rank.r, &resources::Shape::cores),
                                member(rank.pod, &resources::Shape::cores)),
                        compare(member(rank.r, &resources::Shape::gpus),
                                member(rank.pod, &resources::Shape::gpus)),
                        lives ? std::to_string(*lives) : "-", start_time(rank.report),
                        note_on(rank)});
    }
    return text + '\n' + format_table(rows);
}

json::Value to_json(const InstanceStatus& status) {
    auto ranks = Value::array();
    for (const auto& rank : status.ranks) {
        auto one = Value::object();
        one.set("rank", Value::integer(rank.node.rank))
            .set("host", Value::string(rank.node.host))
            .set("broker", Value::string(rank.node.status))
            .set("note", Value::string(note_on(rank)));
        if (rank.resources)
            one.set("resources", Value::string(rank.resources->state))
                .set("reason", Value::string(rank.resources->reason));
        if (rank.node.online()) one.set("answered", Value::boolean(!rank.silent));
        if (rank.r) one.set("r", to_json(*rank.r));
        if (rank.pod) one.set("pod", to_json(*rank.pod));
        if (rank.r && rank.pod) one.set("too_small", Value::boolean(rank.too_small()));
        if (!rank.report.is_null()) one.set("report", rank.report);
        ranks.append(one);
    }
    return Value::object()
        .set("command", Value::string("status"))
        .set("state", Value::string(status.uptime.state))
        .set("since", Value::string(status.uptime.since))
        .set("size", Value::integer(status.uptime.size))
        .set("offline", Value::integer(status.uptime.offline))
        .set("drained", Value::integer(status.uptime.drained))
        .set("ranks", std::move(ranks));
}

}  // namespace muster::doctor
