// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/report.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>

#include "muster/base/atomic_file.hpp"
#include "muster/base/fd.hpp"
#include "muster/json.hpp"

namespace muster::bootstrap {
namespace {

using json::Value;

constexpr std::size_t most_addresses = 8;
constexpr std::array<std::string_view, 9> phase_names{
    "start", "identify", "plan", "write", "name", "address", "listener", "curve", "exec"};

/// When the process `pid` started, in clock ticks since boot (proc(5), field 22 of stat).
std::optional<std::uint64_t> start_ticks(const std::string& pid) {
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid), 4096);
    if (!stat) return {};
    // The command's name, in parentheses, may hold anything.
    std::size_t at = stat->rfind(')');
    for (int field = 2; field < 22 && at != std::string::npos; ++field)
        at = stat->find(' ', at + 1);
    if (at == std::string::npos) return {};
    std::uint64_t ticks = 0;
    const auto [end, error] =
        std::from_chars(stat->data() + at + 1, stat->data() + stat->size(), ticks);
    if (error != std::errc{}) return {};
    return ticks;
}

/// How long a process has lived that started in the middle of that clock tick after boot.
Duration age_since(std::optional<std::uint64_t> ticks) {
    const long rate = ::sysconf(_SC_CLK_TCK);
    timespec since_boot{};
    if (!ticks || rate <= 0 || ::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) return {};
    const Duration now =
        std::chrono::seconds(since_boot.tv_sec) + std::chrono::nanoseconds(since_boot.tv_nsec);
    const Duration tick = Duration(std::chrono::seconds(1)) / rate;
    return std::max(Duration::zero(), now - tick * static_cast<std::int64_t>(*ticks) - tick / 2);
}

Value microseconds(Duration duration) {
    return Value::integer(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

Value strings(const std::vector<std::string>& words) {
    auto array = Value::array();
    for (const auto& word : words) array.append(Value::string(word));
    return array;
}

Value phase_values(const std::vector<PhaseTime>& phases) {
    auto array = Value::array();
    for (const auto& [phase, begun, took] : phases)
        array.append(Value::object()
                         .set("name", Value::string(format(phase)))
                         .set("wall_us", microseconds(begun.wall.time_since_epoch()))
                         .set("monotonic_us", microseconds(begun.monotonic.time_since_epoch()))
                         .set("took_us", microseconds(took)));
    return array;
}

Phase phase_of(discovery::Gate gate) {
    constexpr std::array<Phase, discovery::gate_count> phases{Phase::name, Phase::address,
                                                              Phase::listener, Phase::curve};
    return phases.at(static_cast<std::size_t>(gate));
}

Value gate_values(const discovery::Passage& gates) {
    auto attempts = Value::array();
    for (const auto& attempt : gates.attempts.list())
        attempts.append(Value::object()
                            .set("gate", Value::string(discovery::format(attempt.gate)))
                            .set("passed", Value::boolean(attempt.passed))
                            .set("asked", Value::string(attempt.asked))
                            .set("answered", Value::string(attempt.answered))
                            .set("begun_us", microseconds(attempt.begun))
                            .set("took_us", microseconds(attempt.took)));
    return Value::object()
        .set("address", Value::string(gates.address))
        .set("questions", Value::integer(gates.questions))
        .set("dials", Value::integer(gates.dials))
        .set("handshakes", Value::integer(gates.handshakes))
        .set("left_out", Value::integer(static_cast<std::int64_t>(gates.attempts.left_out())))
        .set("attempts", attempts);
}

void set_identity(Value& object, const Report& report) {
    const auto& identity = *report.identity;
    object.set("platform", Value::string(discovery::format(identity.platform)))
        .set("instance", Value::string(identity.instance))
        .set("rank", Value::integer(identity.rank))
        .set("size", Value::integer(identity.size))
        .set("max_size", Value::integer(identity.max_size))
        .set("host", Value::string(identity.host()))
        .set("flux", Value::string(report.flux))
        .set("rehearsal", Value::boolean(report.rehearsal))
        .set("resources", Value::object()
                              .set("cores", Value::integer(report.shape.cores))
                              .set("gpus", Value::integer(report.shape.gpus)));
    if (report.parent)
        object.set("parent", Value::object()
                                 .set("rank", Value::integer(report.parent->rank))
                                 .set("host", Value::string(report.parent->host))
                                 .set("name", Value::string(report.parent->name))
                                 .set("port", Value::integer(report.parent->port)));
}

}  // namespace

std::string_view format(Phase phase) {
    return phase_names.at(static_cast<std::size_t>(phase));
}

Moment moment(const Clock& clock) {
    return {clock.wall(), clock.now()};
}

Lives count_lives(std::string_view previous, const std::string& supervisor, WallTime now) {
    Lives lives{.count = 1, .first = now, .supervisor = supervisor};
    if (supervisor.empty() || previous.empty()) return lives;
    const auto report = Value::parse(previous);
    if (!report) return lives;
    const auto before = report->get("lives");
    const auto count = before.get("count").as_integer();
    const auto first = before.get("first_wall_us").as_integer();
    if (before.get("supervisor").as_string() != supervisor || !count || !first) return lives;
    constexpr std::int64_t most = 1'000'000'000;
    lives.count = static_cast<int>(std::clamp<std::int64_t>(*count, 0, most)) + 1;
    lives.first = std::min(
        now,
        WallTime(std::chrono::microseconds(std::clamp<std::int64_t>(*first, 0, most * 4'000'000))));
    return lives;
}

void Report::leave(const Moment& now) {
    if (!phases.empty()) phases.back().took = now.monotonic - phases.back().begun.monotonic;
}

void Report::enter(Phase phase, const Moment& now) {
    leave(now);
    phases.push_back({.phase = phase, .begun = now});
}

void Report::pass_gates(discovery::Passage passage) {
    const Moment start = phases.back().begun;
    const auto stand_at = [this, &start](discovery::Gate gate, Duration since) {
        if (phases.back().phase == phase_of(gate)) return;
        const Moment then{start.wall + since, start.monotonic + since};
        enter(phase_of(gate), {std::max(then.wall, phases.back().begun.wall),
                               std::max(then.monotonic, phases.back().begun.monotonic)});
    };
    auto current = discovery::Gate::name;
    for (const auto& attempt : passage.attempts.list()) {
        if (!attempt.passed) {
            current = attempt.gate;
            stand_at(current, attempt.begun);
        } else if (attempt.gate == current && current != discovery::Gate::curve) {
            // To pass an earlier gate once more is no progress.
            current = static_cast<discovery::Gate>(static_cast<int>(current) + 1);
            stand_at(current, attempt.begun + attempt.took);
        }
    }
    gates = std::move(passage);
}

void Report::describe(const Plan& plan, const LocalFacts& facts) {
    identity = plan.identity;
    parent = plan.parent;
    flux = facts.flux;
    rehearsal = facts.rehearsal;
    shape = facts.shape;
    for (const auto& own : facts.pod.addresses)
        if (addresses.size() < most_addresses) addresses.push_back(own.address);
    lives = count_lives(read_file(plan.paths.report, 1u << 20).value_or(""), lives.supervisor,
                        lives.first);
}

Report begin_report(std::string_view version, const Clock& clock) {
    // The clocks are read one right after the other: what a busy machine does to us in between
    // would count as life.
    const auto ticks = start_ticks("self");
    const Moment now = moment(clock);
    const Duration age = age_since(ticks);
    Report report;
    report.version = version;
    report.lives = {.count = 1, .first = now.wall - age, .supervisor = {}};
    report.enter(Phase::start, {now.wall - age, now.monotonic - age});
    report.enter(Phase::identify, now);
    return report;
}

std::string supervisor_of_this_process() {
    const auto pid = std::to_string(::getppid());
    const auto ticks = start_ticks(pid);
    return ticks ? fmt::format("{}@{}", pid, *ticks) : std::string{};
}

std::string format_report(const Report& report) {
    auto object = Value::object();
    object.set("version", Value::integer(1)).set("muster", Value::string(report.version));
    if (report.identity) set_identity(object, report);
    if (!report.key.empty()) object.set("key", Value::string(report.key));
    object.set("addresses", strings(report.addresses))
        .set("lives", Value::object()
                          .set("count", Value::integer(report.lives.count))
                          .set("first_wall_us", microseconds(report.lives.first.time_since_epoch()))
                          .set("supervisor", Value::string(report.lives.supervisor)))
        .set("phases", phase_values(report.phases));
    if (report.gates) object.set("gates", gate_values(*report.gates));
    if (report.error)
        object.set("error", Value::object()
                                .set("code", Value::integer(exit_code(report.error->kind)))
                                .set("message", Value::string(report.error->message)));
    return object.format() + '\n';
}

Result<void> write_report(const std::string& path, const Report& report) {
    return write_file(path, format_report(report), 0644, Lasting::no);
}

}  // namespace muster::bootstrap
