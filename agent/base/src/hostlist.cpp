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
constexpr bool is_separator(char c) {
    return c == ',' || c == ' ' || c == '\t';
}

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

/// `prefix`, then every number of one bracket's `ranges`, then `suffix`.
Result<void> expand(std::string_view prefix, std::string_view ranges, std::string_view suffix,
                    std::size_t limit, std::vector<std::string>& hosts) {
    if (ranges.empty()) return fail(Kind::malformed, "empty brackets");
    while (true) {
        const auto comma = ranges.find(',');
        const std::string_view range = ranges.substr(0, comma);
        const auto dash = range.find('-');
        TRY_ASSIGN(const Number first, parse_number(range.substr(0, dash)));
        Number last = first;
        if (dash != std::string_view::npos) {
            TRY_ASSIGN(last, parse_number(range.substr(dash + 1)));
            if (last.value < first.value)
                return fail(Kind::malformed, "'{}' runs backwards", range);
            if (last.width < first.width)
                return fail(Kind::malformed, "'{}' changes its width", range);
        }
        if (hosts.size() + (last.value - first.value) >= limit)
            return fail(Kind::malformed, "more than {} hosts", limit);
        for (std::uint32_t value = first.value; value <= last.value; ++value)
            hosts.push_back(fmt::format("{}{:0{}}{}", prefix, value, first.width, suffix));
        if (comma == std::string_view::npos) return {};
        ranges.remove_prefix(comma + 1);
    }
}

Result<void> parse_word(std::string_view word, std::size_t limit, std::vector<std::string>& hosts) {
    const auto open = word.find('[');
    const auto close = word.find(']');
    if (open == std::string_view::npos && close == std::string_view::npos) {
        if (hosts.size() >= limit) return fail(Kind::malformed, "more than {} hosts", limit);
        hosts.emplace_back(word);
        return {};
    }
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return fail(Kind::malformed, "brackets of '{}' do not match", word.substr(0, 80));
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

/// True when `next` may share a bracket with `previous`: the same prefix, and a width that does not
/// lose zeros.
bool same_run(const Numbered& previous, const Numbered& next) {
    if (previous.digits.empty() || next.digits.empty() || previous.prefix != next.prefix)
        return false;
    return previous.digits.size() == next.digits.size() ||
           (previous.digits.size() < next.digits.size() && previous.digits.front() != '0' &&
            next.digits.front() != '0');
}

std::string format_run(const std::vector<Numbered>& run) {
    std::string text(run.front().prefix);
    if (run.size() == 1) return text.append(run.front().digits);
    text += '[';
    for (std::size_t i = 0; i < run.size();) {
        std::size_t last = i;
        while (last + 1 < run.size() && parse_number(run[last + 1].digits)->value ==
                                            parse_number(run[last].digits)->value + 1)
            ++last;
        if (i != 0) text += ',';
        text.append(run[i].digits);
        if (last > i) text.append("-").append(run[last].digits);
        i = last + 1;
    }
    return text + ']';
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
        text += format_run(run);
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
