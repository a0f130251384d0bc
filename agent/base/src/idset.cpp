// SPDX-License-Identifier: Apache-2.0
#include "muster/base/idset.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace muster {
namespace {

/// One decimal number without sign or leading zeros (RFC 22), removed from the front of `text`.
Result<std::uint32_t> take_id(std::string_view& text, std::uint32_t limit) {
    const std::string_view whole = text.substr(0, std::min<std::size_t>(text.size(), 40));
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{}) return fail(Kind::malformed, "expected a number at '{}'", whole);
    const auto length = static_cast<std::size_t>(end - text.data());
    if (length > 1 && text.front() == '0')
        return fail(Kind::malformed, "leading zero at '{}'", whole);
    if (id >= limit) return fail(Kind::malformed, "{} is not below {}", id, limit);
    text.remove_prefix(length);
    return id;
}

}  // namespace

Idset Idset::range(std::uint32_t first, std::uint32_t last) {
    Idset set;
    if (first <= last) set.ranges_.push_back({first, last});
    return set;
}

Result<Idset> Idset::parse(std::string_view text, std::uint32_t limit) {
    const auto context = fmt::format("idset '{}'", text.substr(0, 80));
    if (text.starts_with('[') != text.ends_with(']'))
        return fail(Kind::malformed, "{}: brackets do not match", context);
    if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
    Idset set;
    bool first_range = true;
    std::uint32_t previous = 0;
    while (!text.empty()) {
        if (!first_range) {
            if (text.front() != ',')
                return fail(Kind::malformed, "{}: expected ',' at '{}'", context,
                            text.substr(0, 40));
            text.remove_prefix(1);
        }
        TRY_ASSIGN(const std::uint32_t first, within(context, take_id(text, limit)));
        std::uint32_t last = first;
        const bool is_range = text.starts_with('-');
        if (is_range) {
            text.remove_prefix(1);
            TRY_ASSIGN(last, within(context, take_id(text, limit)));
        }
        // Flux refuses a range of one, too: "0-0" (libidset, parse_range).
        if (is_range && last <= first)
            return fail(Kind::malformed, "{}: {}-{} is no ascending range", context, first, last);
        // RFC 22: ids ascend and do not repeat.
        if (!first_range && first <= previous)
            return fail(Kind::malformed, "{}: {} is out of order", context, first);
        if (!set.ranges_.empty() && set.ranges_.back().last + 1 == first)
            set.ranges_.back().last = last;
        else
            set.ranges_.push_back({first, last});
        previous = last;
        first_range = false;
    }
    return set;
}

std::string Idset::format() const {
    std::string text;
    for (const auto& [first, last] : ranges_) {
        if (!text.empty()) text += ',';
        text += std::to_string(first);
        if (last > first) text += '-' + std::to_string(last);
    }
    return text;
}

void Idset::insert(std::uint32_t id) {
    auto next = std::partition_point(ranges_.begin(), ranges_.end(),
                                     [id](const Range& r) { return r.last < id; });
    if (next != ranges_.end() && next->first <= id) return;
    const bool joins_next = next != ranges_.end() && next->first == id + 1;
    const bool joins_previous = next != ranges_.begin() && std::prev(next)->last + 1 == id;
    if (joins_next && joins_previous) {
        std::prev(next)->last = next->last;
        ranges_.erase(next);
    } else if (joins_next) {
        next->first = id;
    } else if (joins_previous) {
        std::prev(next)->last = id;
    } else {
        ranges_.insert(next, {id, id});
    }
}

void Idset::insert(const Idset& other) {
    std::vector<Range> all;
    all.reserve(ranges_.size() + other.ranges_.size());
    std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(),
               std::back_inserter(all),
               [](const Range& a, const Range& b) { return a.first < b.first; });
    std::vector<Range> joined;
    for (const auto& range : all) {
        // 64 bits: last + 1 of the largest id is no id.
        if (!joined.empty() && range.first <= std::uint64_t{joined.back().last} + 1)
            joined.back().last = std::max(joined.back().last, range.last);
        else
            joined.push_back(range);
    }
    ranges_ = std::move(joined);
}

bool Idset::contains(std::uint32_t id) const {
    const auto next = std::partition_point(ranges_.begin(), ranges_.end(),
                                           [id](const Range& r) { return r.last < id; });
    return next != ranges_.end() && next->first <= id;
}

std::size_t Idset::size() const {
    std::size_t count = 0;
    for (const auto& [first, last] : ranges_) count += last - first + std::size_t{1};
    return count;
}

std::vector<std::uint32_t> Idset::ids() const {
    std::vector<std::uint32_t> result;
    result.reserve(size());
    for (const auto& [first, last] : ranges_)
        for (std::uint64_t id = first; id <= last; ++id)
            result.push_back(static_cast<std::uint32_t>(id));
    return result;
}

}  // namespace muster
