// SPDX-License-Identifier: Apache-2.0
#include "muster/base/hostlist.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <unordered_set>

namespace muster {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
/// What RFC 29 lets a name consist of: printable ASCII.
constexpr bool is_printable(char c) {
    return c > ' ' && c <= '~';
}
constexpr bool is_separator(char c) {
    return c == ',' || c == ' ' || c == '\t';
}

/// Flux reads at most this many ranges between two brackets (libhostlist, MAX_RANGES).
constexpr std::size_t most_ranges = 10'240;

constexpr std::size_t longest_name = 270;

/// A number of at most 9 digits with its width; the width counts leading zeros (RFC 29).
struct Number {
    std::uint32_t value;
    std::size_t width;
};

Result<Number> parse_number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.size() > 9)
        return fail(Kind::malformed, "'{}' is not a number of at most 9 digits", text);
    return Number{value, text.size()};
}

/// Refuses a name that Flux would lose: its decoder drops one whose number does not fit 64 bits,
/// and its iterator one of more than 270 characters, both without a word.
Result<void> check_name(std::string_view name) {
    if (name.size() > longest_name)
        return fail(Kind::malformed, "'{}...' is longer than {} characters", name.substr(0, 40),
                    longest_name);
    const auto digits = std::find_if_not(name.rbegin(), name.rend(), is_digit) - name.rbegin();
    if (digits > 19)
        return fail(Kind::malformed, "'{}' ends in a number of more than 19 digits", name);
    return {};
}

/// `prefix`, then every number of one bracket's `ranges`, then `suffix`. RFC 29 has the first
/// number's leading zeros hold for the whole list; Flux pads each range as its own first number is
/// written ("[005,4]" is 005 and 4), and names are what Flux makes of them.
Result<void> expand(std::string_view prefix, std::string_view ranges, std::string_view suffix,
                    std::size_t limit, std::vector<std::string>& hosts) {
    if (ranges.empty()) return fail(Kind::malformed, "empty brackets");
    for (std::size_t count = 1;; ++count) {
        if (count > most_ranges)
            return fail(Kind::malformed, "more than {} ranges in brackets", most_ranges);
        const auto comma = ranges.find(',');
        const std::string_view range = ranges.substr(0, comma);
        const auto dash = range.find('-');
        TRY_ASSIGN(const Number first, parse_number(range.substr(0, dash)));
        Number last = first;
        if (dash != std::string_view::npos) {
            TRY_ASSIGN(last, parse_number(range.substr(dash + 1)));
            if (last.value < first.value)
                return fail(Kind::malformed, "'{}' runs backwards", range);
        }
        const auto host = [&](std::uint32_t value) {
            return fmt::format("{}{:0{}}{}", prefix, value, first.width, suffix);
        };
        TRY(check_name(host(last.value)));
        if (hosts.size() + (last.value - first.value) >= limit)
            return fail(Kind::malformed, "more than {} hosts", limit);
        for (std::uint32_t value = first.value; value <= last.value; ++value)
            hosts.push_back(host(value));
        if (comma == std::string_view::npos) return {};
        ranges.remove_prefix(comma + 1);
    }
}

Result<void> parse_word(std::string_view word, std::size_t limit, std::vector<std::string>& hosts) {
    const auto odd = std::find_if_not(word.begin(), word.end(), is_printable);
    if (odd != word.end())
        return fail(Kind::malformed, "byte 0x{:02x} cannot be part of a name",
                    static_cast<unsigned char>(*odd));
    const auto open = word.find('[');
    const auto close = word.find(']');
    if (open == std::string_view::npos && close == std::string_view::npos) {
        TRY(check_name(word));
        if (hosts.size() >= limit) return fail(Kind::malformed, "more than {} hosts", limit);
        hosts.emplace_back(word);
        return {};
    }
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return fail(Kind::malformed, "brackets of '{}' do not match", word.substr(0, 80));
    // A second bracket is part of the names, as in Flux; no host is so called, which is for those
    // to say who check names.
    return expand(word.substr(0, open), word.substr(open + 1, close - open - 1),
                  word.substr(close + 1), limit, hosts);
}

/// A host split before its last run of digits; hosts that end otherwise have no number.
struct Numbered {
    std::string_view prefix;
    std::string_view digits;
};

Numbered split(std::string_view host) {
    std::size_t begin = host.size();
    while (begin > 0 && is_digit(host[begin - 1]) && host.size() - begin < 9) --begin;
    return {host.substr(0, begin), host.substr(begin)};
}

constexpr bool is_padded(std::string_view digits) {
    return digits.size() > 1 && digits.front() == '0';
}

/// True when `next` may share a bracket with `previous`: the same prefix, and a width that does not
/// lose zeros.
bool same_run(const Numbered& previous, const Numbered& next) {
    if (previous.digits.empty() || next.digits.empty() || previous.prefix != next.prefix)
        return false;
    return previous.digits.size() == next.digits.size() ||
           (!is_padded(previous.digits) && !is_padded(next.digits));
}

std::uint32_t value_of(const Numbered& host) {
    std::uint32_t value = 0;
    std::from_chars(host.digits.data(), host.digits.data() + host.digits.size(), value);
    return value;
}

/// Appends the hosts of one run: "prefix[1-3,5]", in several brackets when there are more ranges
/// than Flux reads in one.
void append_run(const std::vector<Numbered>& run, std::string& text) {
    text += run.front().prefix;
    if (run.size() == 1) {
        text += run.front().digits;
        return;
    }
    std::size_t ranges = 0;
    for (std::size_t i = 0; i < run.size();) {
        std::size_t last = i;
        while (last + 1 < run.size() && value_of(run[last + 1]) == value_of(run[last]) + 1) ++last;
        if (ranges == most_ranges) {
            text.append("],").append(run.front().prefix);
            ranges = 0;
        }
        text += ranges++ == 0 ? '[' : ',';
        text += run[i].digits;
        if (last > i) text.append("-").append(run[last].digits);
        i = last + 1;
    }
    text += ']';
}

}  // namespace

Result<Hostlist> Hostlist::parse(std::string_view text, std::size_t limit) {
    const auto context = fmt::format("hostlist '{}'", text.substr(0, 80));
    std::vector<std::string> hosts;
    for (std::size_t begin = 0; begin < text.size();) {
        if (is_separator(text[begin])) {
            ++begin;
            continue;
        }
        std::size_t end = begin;
        for (bool inside = false; end < text.size() && (inside || !is_separator(text[end]));
             ++end) {
            if (text[end] == '[') inside = true;
            if (text[end] == ']') inside = false;
        }
        TRY(within(context, parse_word(text.substr(begin, end - begin), limit, hosts)));
        begin = end;
    }
    return Hostlist(std::move(hosts));
}

std::string Hostlist::format() const {
    std::string text;
    std::vector<Numbered> run;
    const auto flush = [&] {
        if (run.empty()) return;
        if (!text.empty()) text += ',';
        append_run(run, text);
        run.clear();
    };
    for (const auto& host : hosts_) {
        const Numbered next = split(host);
        if (!run.empty() && !same_run(run.back(), next)) flush();
        run.push_back(next);
        if (next.digits.empty()) flush();
    }
    flush();
    return text;
}

std::optional<std::size_t> Hostlist::find(std::string_view host) const {
    const auto found = std::find(hosts_.begin(), hosts_.end(), host);
    if (found == hosts_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - hosts_.begin());
}

Hostlist Hostlist::without_duplicates() const {
    std::unordered_set<std::string_view> seen;
    std::vector<std::string> unique;
    for (const auto& host : hosts_)
        if (seen.insert(host).second) unique.push_back(host);
    return Hostlist(std::move(unique));
}

}  // namespace muster
