// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/shape.hpp"

#include <charconv>
#include <optional>

#include "muster/base/idset.hpp"

namespace muster::resources {
namespace {

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

/// Removes and returns what stands before `separator`, or all of `text`.
std::string_view take(std::string_view& text, char separator) {
    const auto end = text.find(separator);
    const auto taken = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    return trim(taken);
}

Result<std::uint32_t> parse_count(std::string_view key, std::string_view text, std::uint32_t least,
                                  std::uint32_t most) {
    std::uint32_t count = 0;
    const char* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, count);
    if (error != std::errc{} || end != text_end || count < least || count > most)
        return fail(Kind::usage, "{} must be a number from {} to {}, not '{}'", key, least, most,
                    text);
    return count;
}

Result<Shape> parse_values(std::string_view text) {
    std::optional<std::uint32_t> cores;
    std::optional<std::uint32_t> gpus;
    for (bool more = !trim(text).empty(); more;) {
        more = text.find(',') != std::string_view::npos;
        std::string_view value = take(text, ',');
        const std::string_view pair = value;
        const std::string_view key = take(value, '=');
        if (key != "cores" && key != "gpus")
            return fail(Kind::usage, "'{}' is neither cores=N nor gpus=N", pair);
        auto& count = key == "cores" ? cores : gpus;
        if (count) return fail(Kind::usage, "{} is given twice", key);
        if (key == "cores") {
            TRY_ASSIGN(count, parse_count(key, trim(value), 1, max_cores));
        } else {
            TRY_ASSIGN(count, parse_count(key, trim(value), 0, max_gpus));
        }
    }
    if (!cores) return fail(Kind::usage, "it says no cores; add cores=N");
    return Shape{.cores = *cores, .gpus = gpus.value_or(0)};
}

Result<void> add_clause(std::string_view clause, std::vector<std::optional<Shape>>& shapes) {
    const auto colon = clause.find(':');
    if (colon == std::string_view::npos && !clause.empty() &&
        clause.find('=') == std::string_view::npos)
        return fail(Kind::usage, "it is not RANKS:cores=N; write [0-{}]:cores=N",
                    shapes.size() - 1);
    if (colon == std::string_view::npos)
        return fail(Kind::usage, "it names no ranks; write [0-{}]:{}", shapes.size() - 1,
                    clause.empty() ? "cores=N" : clause);
    const auto ranks = Idset::parse(trim(clause.substr(0, colon)));
    if (!ranks) return fail(Kind::usage, "{}", ranks.error().message);
    if (ranks->empty()) return fail(Kind::usage, "it names no ranks");
    TRY_ASSIGN(const Shape shape, parse_values(clause.substr(colon + 1)));
    if (ranks->last() >= shapes.size())
        return fail(Kind::usage, "rank {} is out of range; the last of {} ranks is {} (max-size)",
                    ranks->last(), shapes.size(), shapes.size() - 1);
    for (const auto id : ranks->ids()) {
        if (shapes[id]) return fail(Kind::usage, "rank {} has a shape already", id);
        shapes[id] = shape;
    }
    return {};
}

}  // namespace

Result<std::vector<Shape>> parse_shapes(std::string_view text, std::uint32_t ranks) {
    if (ranks == 0) return fail(Kind::usage, "resources '{}': there are no ranks", text);
    std::vector<std::optional<Shape>> found(ranks);
    std::string_view rest = trim(text);
    if (rest.ends_with(';')) rest.remove_suffix(1);
    for (bool more = true; more;) {
        more = rest.find(';') != std::string_view::npos;
        const std::string_view clause = take(rest, ';');
        TRY(within(fmt::format("resources '{}'", clause.substr(0, 80)), add_clause(clause, found)));
    }

    std::vector<Shape> shapes;
    shapes.reserve(ranks);
    Idset missing;
    for (const auto& shape : found) {
        if (shape)
            shapes.push_back(*shape);
        else
            missing.insert(static_cast<std::uint32_t>(&shape - found.data()));
    }
    if (!missing.empty())
        return fail(Kind::usage, "resources '{}': no shape for rank{} {}; add [{}]:cores=N",
                    text.substr(0, 80), missing.size() == 1 ? "" : "s", missing.format(),
                    missing.format());
    return shapes;
}

}  // namespace muster::resources
