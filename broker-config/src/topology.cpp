// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config/topology.hpp"

#include <charconv>

#include "muster/base/assert.hpp"

namespace muster::broker_config {
namespace {

/// More children of a router than this and a lone `mincrit` takes another router, as Flux does.
constexpr std::uint32_t most_leaves = 1024;
/// Flux holds K in an int.
constexpr std::uint32_t largest_fanout = 0x7fffffff;

std::optional<std::uint32_t> parse_fanout(std::string_view text) {
    std::uint32_t fanout = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fanout);
    if (error != std::errc{} || end != text.data() + text.size() || fanout > largest_fanout)
        return std::nullopt;
    return fanout;
}

/// The smallest number of routers (never 1, which would only move the work to rank 1) that have at
/// most `most_leaves` leaves each; 0, a flat tree, where the leader can serve all.
std::uint32_t choose_routers(std::uint32_t size) {
    if (size <= most_leaves + 1) return 0;
    // Of size - 1 - k leaves each of k routers gets at most most_leaves: k >= (size - 1) / (1 + m).
    const std::uint32_t routers = (size - 1 + most_leaves) / (most_leaves + 1);
    return routers < 2 ? 2 : routers;
}

}  // namespace

Result<Topology> Topology::parse(std::string_view text) {
    const auto colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    std::optional<std::uint32_t> fanout;
    if (colon != std::string_view::npos) {
        fanout = parse_fanout(text.substr(colon + 1));
        if (!fanout)
            return fail(Kind::usage, "topology '{}': '{}' is not an integer >= 0", text,
                        text.substr(colon + 1));
    }
    if (name == "kary" && fanout) return Topology(Scheme::kary, fanout);
    if (name == "mincrit") return Topology(Scheme::mincrit, fanout);
    if (name == "flat" && !fanout) return Topology(Scheme::flat, std::nullopt);
    if (name == "binomial" && !fanout) return Topology(Scheme::binomial, std::nullopt);
    return fail(Kind::usage,
                "topology '{}' is unknown; use flat, kary:K, mincrit, mincrit:K or binomial", text);
}

std::string Topology::format() const {
    switch (scheme_) {
        case Scheme::flat:
            return "flat";
        case Scheme::binomial:
            return "binomial";
        case Scheme::kary:
        case Scheme::mincrit:
            break;
    }
    std::string text = scheme_ == Scheme::kary ? "kary" : "mincrit";
    if (fanout_) text += fmt::format(":{}", *fanout_);
    return text;
}

std::optional<std::uint32_t> Topology::parent_of(std::uint32_t rank, std::uint32_t size) const {
    MUSTER_ASSERT(rank < size);
    if (rank == 0) return std::nullopt;
    switch (scheme_) {
        case Scheme::flat:
            return 0;
        case Scheme::binomial:
            return rank & (rank - 1);
        case Scheme::kary: {
            const std::uint32_t fanout = fanout_.value_or(0);
            return fanout == 0 ? 0 : (rank - 1) / fanout;
        }
        case Scheme::mincrit:
            break;
    }
    const std::uint32_t routers = fanout_ ? *fanout_ : choose_routers(size);
    return rank <= routers || routers == 0 ? 0 : (rank - routers - 1) % routers + 1;
}

}  // namespace muster::broker_config
