// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/record.hpp"

#include <algorithm>
#include <charconv>

namespace muster::timeline {
namespace {

using json::Value;

// What files say is kept within bounds in which sums of two cannot overflow, in nanoseconds.
constexpr std::int64_t most_wall_us = 4'000'000'000'000'000;  // the year 2096
constexpr std::int64_t most_us = 500'000'000'000'000;         // 15 years
constexpr std::size_t longest_word = 300;
constexpr std::size_t most_items = 1000;

Duration microseconds(const Value& value) {
    return std::chrono::microseconds(
        std::clamp<std::int64_t>(value.as_integer().value_or(0), 0, most_us));
}

std::optional<WallTime> wall(const Value& value) {
    if (!value.as_integer()) return {};
    return WallTime(std::chrono::microseconds(
        std::clamp<std::int64_t>(value.as_integer().value_or(0), 0, most_wall_us)));
}

std::string word(const Value& value) {
    return value.as_string().value_or("").substr(0, longest_word);
}

int count(const Value& value) {
    return static_cast<int>(
        std::clamp<std::int64_t>(value.as_integer().value_or(0), 0, 1'000'000'000));
}

std::optional<std::uint32_t> rank(const Value& value) {
    const auto number = value.as_integer();
    if (!number || *number < 0 || *number >= most_ranks) return {};
    return static_cast<std::uint32_t>(*number);
}

void read_phases(const Value& object, Report& report) {
    struct Raw {
        WallTime wall;
        Duration monotonic;
    };
    std::vector<Raw> raw;
    for (const auto& phase : object.get("phases").items()) {
        if (raw.size() == most_items) break;
        raw.push_back({wall(phase.get("wall_us")).value_or(WallTime{}),
                       microseconds(phase.get("monotonic_us"))});
        report.phases.push_back({.name = word(phase.get("name")),
                                 .begun = {},
                                 .took = microseconds(phase.get("took_us"))});
    }
    for (std::size_t i = 0; i < raw.size(); ++i)
        report.phases[i].begun = raw.back().wall - (raw.back().monotonic - raw[i].monotonic);
}

void read_gates(const Value& gates, Report& report) {
    report.parent_address = word(gates.get("address"));
    report.questions = count(gates.get("questions"));
    report.dials = count(gates.get("dials"));
    report.handshakes = count(gates.get("handshakes"));
    for (const auto& attempt : gates.get("attempts").items()) {
        if (report.attempts.size() == most_items) break;
        report.attempts.push_back({.gate = word(attempt.get("gate")),
                                   .passed = attempt.get("passed").as_boolean().value_or(false),
                                   .asked = word(attempt.get("asked")),
                                   .answered = word(attempt.get("answered")),
                                   .begun = microseconds(attempt.get("begun_us")),
                                   .took = microseconds(attempt.get("took_us"))});
    }
}

std::optional<WallTime> offset(std::optional<WallTime> zero, const Value& seconds) {
    const auto number = seconds.as_number();
    if (!zero || !number || *number < -1e9 || *number > 1e9) return {};
    return *zero + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*number));
}

void read_row(const Value& row, std::optional<WallTime> zero, Record& record) {
    if (auto report = parse_report(row.get("report"))) record.report = std::move(*report);
    record.started = offset(zero, row.get("started"));
    record.ended = offset(zero, row.get("ended"));
    if (const auto code = row.get("code").as_integer(); code && *code >= 0 && *code < 256)
        record.code = static_cast<int>(*code);
    record.one_clock = row.get("one_clock").as_boolean().value_or(false);
    record.states.clear();
    record.steps.clear();
    for (const auto& [name, seconds] : row.get("states").members()) {
        const auto entered = offset(zero, seconds);
        if (entered && record.states.size() < most_items)
            record.states.push_back({name.substr(0, longest_word), *entered});
    }
    std::stable_sort(record.states.begin(), record.states.end(),
                     [](const auto& a, const auto& b) { return a.entered < b.entered; });
}

/// A timeline as format_json() and `muster up` write it. Its rows.
std::size_t add_timeline(Records& records, const Value& object) {
    std::size_t found = 0;
    const auto zero = wall(object.get("start_wall_us"));
    for (const auto& row : object.get("ranks").items()) {
        const auto number = rank(row.get("rank"));
        if (!number) continue;
        read_row(row, zero, records[*number]);
        ++found;
    }
    return found;
}

std::size_t add_object(Records& records, std::string_view text,
                       std::optional<std::uint32_t> labelled) {
    const auto object = Value::parse(text);
    if (!object) return 0;
    if (object->get("ranks").is_array()) return add_timeline(records, *object);
    auto report = parse_report(*object);
    if (!report) return 0;
    const auto number = report->rank ? report->rank : labelled;
    if (!number) return 0;
    records[*number].report = std::move(*report);
    return 1;
}

std::size_t add_line(Records& records, std::string_view line, bool labelled) {
    std::optional<std::uint32_t> label;
    if (labelled) {
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
        const auto digits = static_cast<std::size_t>(end - line.data());
        if (error != std::errc{} || number >= most_ranks || !line.substr(digits).starts_with(": "))
            return 0;
        label = number;
        line.remove_prefix(digits + 2);
    }
    if (line.starts_with('{')) return add_object(records, line, label);
    auto found = parse_log_step(line);
    if (!found) return 0;
    records[found->rank].steps.push_back(std::move(found->step));
    return 1;
}

}  // namespace

Result<Report> parse_report(const Value& object) {
    if (!object.is_object() || object.get("version").as_integer() != 1 ||
        !object.get("phases").is_array())
        return fail(Kind::malformed, "no report of a pod");
    Report report;
    report.rank = rank(object.get("rank"));
    report.size = rank(object.get("size"));
    report.instance = word(object.get("instance"));
    report.host = word(object.get("host"));
    report.parent = rank(object.get("parent").get("rank"));
    report.lives = std::max(1, count(object.get("lives").get("count")));
    report.first_life = wall(object.get("lives").get("first_wall_us"));
    read_phases(object, report);
    read_gates(object.get("gates"), report);
    if (const auto error = object.get("error"); error.is_object()) {
        report.error_code = count(error.get("code"));
        report.error = word(error.get("message"));
    }
    report.raw = object;
    return report;
}

std::size_t add_text(Records& records, std::string_view text, bool labelled) {
    if (!labelled)
        if (const auto found = add_object(records, text, {})) return found;
    std::size_t found = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        found += add_line(records, text.substr(0, end), labelled);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
}

}  // namespace muster::timeline
