// SPDX-License-Identifier: Apache-2.0
// Asking this pod's broker.
#include "muster/doctor/broker.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "muster/base/fd.hpp"

namespace muster::doctor {
namespace {

/// For curve.cert, broker.toml and R.json of a small instance.
constexpr std::size_t least_room = 32 * 1024;

void look_at_files(BrokerView& view, const bootstrap::Paths& paths) {
    view.planned = ::access(paths.broker_toml.c_str(), F_OK) == 0;
    view.leaving = ::access(paths.leaving.c_str(), F_OK) == 0;
    view.program_status = read_record(paths.status, 64);
    view.explained = read_record(paths.explained, 4096);
    const auto report =
        json::Value::parse(read_file(paths.report).value_or("")).value_or(json::Value());
    view.flux = report.get("flux").as_string().value_or("");
    const auto error = report.get("error");
    if (const auto code = error.get("code").as_integer();
        code && find_exit_code(static_cast<int>(*code)))
        view.run_failed = Error{static_cast<Kind>(*code),
                                error.get("message").as_string().value_or("no message")};
}

/// Without asking it anything.
BrokerView look_from_outside(const Flux& flux, const bootstrap::Paths& paths) {
    BrokerView view;
    view.path = flux.socket;
    look_at_files(view, paths);
    view.socket = look_at_socket(flux.socket);
    return view;
}

Result<void> refuse_unless_open(const BrokerView& view, const bootstrap::Plan& plan) {
    if (view.socket.state == Socket::State::open) return {};
    return tl::unexpected<Error>(*judge_broker(view, plan).error);
}

/// What the broker's log does not tell of the instance.
void count_ranks(BrokerView& view) {
    view.uptime->size = static_cast<std::uint32_t>(view.overlay.size());
    for (const auto& node : view.overlay)
        if (!node.online()) ++view.uptime->offline;
    for (const auto& line : view.resources)
        if (line.drained()) view.uptime->drained += static_cast<std::uint32_t>(line.ranks.size());
}

std::optional<Uptime> read_state(const Flux& flux, const Command& on, const Answer& answer,
                                 Duration limit, const Clock& clock, std::string& complaint) {
    auto command = on;
    command.emplace_back(on.empty() ? "uptime" : "flux uptime");
    if (answer.ok()) {
        if (auto uptime = parse_uptime(answer.out)) return std::move(*uptime);
    }
    complaint = answer.complaint(command, limit);
    // Killed by a signal, here or, with `on`, there.
    if (answer.outcome != Answer::Outcome::ended || answer.code <= 128) return {};
    command = on;
    if (!on.empty()) command.emplace_back("flux");
    command.emplace_back("dmesg");
    const auto log = ask(flux, command, limit, clock);
    if (!log.ok()) return {};
    auto uptime = state_from_log(log.out, clock.wall());
    return uptime ? std::optional(std::move(*uptime)) : std::nullopt;
}

}  // namespace

std::optional<Uptime> ask_state(const Flux& flux, const Command& on, Duration limit,
                                const Clock& clock, std::string& complaint) {
    auto command = on;
    if (!on.empty()) command.emplace_back("flux");
    command.emplace_back("uptime");
    const auto answer = ask(flux, command, limit, clock);
    return read_state(flux, on, answer, limit, clock, complaint);
}

Step look_at_directory(const bootstrap::Paths& paths) {
    // What is missing of the path is made by `muster run`, in the last directory that is there.
    std::string there = paths.dir;
    while (there.size() > 1 && ::access(there.c_str(), F_OK) != 0)
        there.resize(std::max<std::size_t>(there.rfind('/'), 1));
    std::string reason;
    struct statvfs room{};
    if (::access(there.c_str(), W_OK | X_OK) != 0)
        reason = os_error(errno);
    else if (::statvfs(there.c_str(), &room) == 0 && (room.f_bavail * room.f_frsize < least_room ||
                                                      (room.f_files > 0 && room.f_favail == 0)))
        reason = os_error(ENOSPC);
    if (reason.empty()) return {"directory", fmt::format("{} can be written", paths.dir), {}, {}};
    return {"directory",
            {},
            Error{Kind::io, fmt::format("write {}: {}: uid {} needs {} writable and with room (an "
                                        "emptyDir there), or another directory with --dir "
                                        "(MUSTER_DIR)",
                                        there, reason, ::geteuid(), paths.dir)},
            {}};
}

BrokerView look_at_broker(const Flux& flux, const bootstrap::Paths& paths, Depth depth,
                          Duration limit, const Clock& clock) {
    auto view = look_from_outside(flux, paths);
    if (view.socket.state != Socket::State::open) return view;
    std::vector<Command> commands = {{"uptime"}, {"getattr", "rank"}};
    if (depth == Depth::instance) {
        commands.push_back({"overlay", "status"});
        commands.push_back({"resource", "status", "-n", "-o", std::string(status_format)});
        commands.push_back({"resource", "R"});
        commands.push_back({"dmesg"});
    }
    const auto answers = ask(flux, commands, limit, clock);
    if (answers[0].outcome == Answer::Outcome::not_started)
        view.not_asked = Error{answers[0].reason, answers[0].err};
    view.alive = answers[1].ok();
    view.uptime = read_state(flux, {}, answers[0], limit, clock, view.complaint);
    if (depth == Depth::state) return view;
    if (answers[2].ok()) view.overlay = parse_overlay(answers[2].out).value_or(view.overlay);
    if (answers[3].ok())
        view.resources = parse_resource_status(answers[3].out).value_or(view.resources);
    if (answers[4].ok())
        if (auto r = resources::parse_R(answers[4].out, "flux resource R")) view.r = std::move(*r);
    if (answers[5].ok()) view.reconnects = count_reconnects(answers[5].out);
    if (view.uptime && view.uptime->size == 0) count_ranks(view);
    return view;
}

Result<void> check_broker_listens(const Flux& flux, const bootstrap::Plan& plan) {
    return refuse_unless_open(look_from_outside(flux, plan.paths), plan);
}

Result<void> check_run_was_here(const Flux& flux, const bootstrap::Plan& plan) {
    const auto view = look_from_outside(flux, plan.paths);
    return view.planned ? Result<void>() : refuse_unless_open(view, plan);
}

}  // namespace muster::doctor
