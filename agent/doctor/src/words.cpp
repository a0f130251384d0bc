// SPDX-License-Identifier: Apache-2.0
// What flux prints, as values. The formats are those of Flux 0.88 (tests/data/flux-contract).
#include "muster/doctor/words.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "muster/base/broker_log.hpp"

namespace muster::doctor {
namespace {

std::size_t position(std::string_view state) {
    const auto states = broker_states();
    return static_cast<std::size_t>(std::ranges::find(states, state) - states.begin());
}

bool is_state(std::string_view state) {
    return position(state) < broker_states().size();
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        lines.push_back(line);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return lines;
}

/// Cuts the next word off `text`.
std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
    return number;
}

/// "size 4" or "1 drained", among what is separated by commas.
std::uint32_t count_of(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        auto part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        const auto first = next_word(part);
        const auto second = next_word(part);
        if (second == name) return parse_number(first).value_or(0);
        if (first == name) return parse_number(second).value_or(0);
    }
    return 0;
}

/// "2.3s" since "2026-11-23T03:21:38.219397Z", in two digits as flux uptime has it.
std::string age_of(std::string_view stamp, WallTime now) {
    std::tm utc{};
    if (::strptime(std::string(stamp).c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return "?";
    const auto then = std::chrono::system_clock::from_time_t(::timegm(&utc));
    const double seconds = std::max(0.0, std::chrono::duration<double>(now - then).count());
    if (seconds < 60.0) return fmt::format("{:.2g}s", seconds);
    if (seconds < 3600.0) return fmt::format("{:.2g}m", seconds / 60.0);
    if (seconds < 86400.0) return fmt::format("{:.2g}h", seconds / 3600.0);
    return fmt::format("{:.3g}d", seconds / 86400.0);
}

/// The branches that flux overlay status draws before a rank, in UTF-8.
void skip_branches(std::string_view& line) {
    while (!line.empty() && (line.front() < '0' || line.front() > '9')) line.remove_prefix(1);
}

}  // namespace

bool Uptime::joined() const {
    return position(state) > position("join") && is_state(state);
}

bool Uptime::ending() const {
    return position(state) > position("run") && is_state(state);
}

Result<Uptime> parse_uptime(std::string_view text) {
    auto line = text.substr(0, text.find('\n'));
    const auto rest = line.substr(std::min(line.size(), line.find(',')));
    next_word(line);  // the time of day
    Uptime uptime;
    uptime.state = next_word(line);
    uptime.since = next_word(line);
    if (uptime.since.ends_with(',')) uptime.since.pop_back();
    uptime.size = count_of(rest, "size");
    uptime.drained = count_of(rest, "drained");
    uptime.offline = count_of(rest, "offline");
    if (!is_state(uptime.state) || uptime.size == 0)
        return fail(Kind::malformed, "flux uptime said '{}'", text.substr(0, 200));
    return uptime;
}

Result<Uptime> state_from_log(std::string_view text, WallTime now) {
    Uptime uptime;
    for (auto line : split_lines(text)) {
        const auto stamp = next_word(line);
        line.remove_prefix(std::min<std::size_t>(line.size(), 1));
        const auto step = parse_transition(line);
        if (!step) continue;
        uptime.state = step->to;
        uptime.since = age_of(stamp, now);
    }
    if (uptime.state.empty()) return fail(Kind::malformed, "the broker's log shows no state");
    return uptime;
}

std::map<std::uint32_t, std::uint32_t> count_reconnects(std::string_view log) {
    constexpr std::string_view before = " (rank ";
    constexpr std::string_view after = ") reconnected after crash";
    std::map<std::uint32_t, std::uint32_t> counts;
    for (const auto line : split_lines(log)) {
        const auto end = line.find(after);
        const auto begin = line.substr(0, end).rfind(before);
        if (end == std::string_view::npos || begin == std::string_view::npos) continue;
        const auto number = begin + before.size();
        if (const auto rank = parse_number(line.substr(number, end - number))) ++counts[*rank];
    }
    return counts;
}

Result<std::vector<OverlayNode>> parse_overlay(std::string_view text) {
    std::vector<OverlayNode> nodes;
    for (auto line : split_lines(text)) {
        const auto whole = line;
        skip_branches(line);
        const auto rank = parse_number(next_word(line));
        auto host = next_word(line);
        if (!rank || !host.ends_with(':'))
            return fail(Kind::malformed, "flux overlay status said '{}'", whole.substr(0, 200));
        host.remove_suffix(1);
        const auto status = next_word(line);
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        nodes.push_back({*rank, std::string(host), std::string(status), std::string(line)});
    }
    return nodes;
}

Result<std::vector<ResourceLine>> parse_resource_status(std::string_view text) {
    std::vector<ResourceLine> lines;
    for (const auto line : split_lines(text)) {
        const auto first = line.find('|');
        const auto second = line.find('|', first == std::string_view::npos ? first : first + 1);
        const auto ranks = second == std::string_view::npos
                               ? Result<Idset>(fail(Kind::malformed, "no ranks"))
                               : Idset::parse(line.substr(first + 1, second - first - 1));
        if (!ranks)
            return fail(Kind::malformed, "flux resource status said '{}'", line.substr(0, 200));
        lines.push_back(
            {std::string(line.substr(0, first)), *ranks, std::string(line.substr(second + 1))});
    }
    return lines;
}

const ResourceLine* line_of(const std::vector<ResourceLine>& lines, std::uint32_t rank) {
    const auto found = std::ranges::find_if(
        lines, [rank](const ResourceLine& line) { return line.ranks.contains(rank); });
    return found == lines.end() ? nullptr : &*found;
}

std::map<std::uint32_t, std::string> split_labelled(std::string_view text) {
    std::map<std::uint32_t, std::string> outputs;
    for (const auto line : split_lines(text)) {
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        if (const auto rank = parse_number(line.substr(0, colon)))
            outputs[*rank].append(line.substr(colon + 2)).append("\n");
    }
    return outputs;
}

}  // namespace muster::doctor
