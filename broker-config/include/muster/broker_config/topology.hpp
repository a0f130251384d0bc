// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::broker_config {

/// The shape of the tree of brokers (TBON): who is whose parent. The shapes are those of Flux's
/// `tbon.topo` (flux-config-tbon(5)), computed here so that the parent that we dial is the one that
/// Flux uses.
class Topology {
  public:
    enum class Scheme {
        flat,      ///< rank 0 is everyone's parent
        kary,      ///< a complete K-ary tree in breadth-first order
        mincrit,   ///< K routers under rank 0, all others dealt out to them in turn
        binomial,  ///< the parent is the rank without its lowest set bit
    };

    /// Flat.
    Topology() = default;

    /// "flat", "kary:K", "mincrit", "mincrit:K" or "binomial"; K >= 0, and K = 0 is flat, as in
    /// Flux. "mincrit" alone chooses K from the size. Errors: usage, naming the text.
    static Result<Topology> parse(std::string_view text);
    /// The text that parse() takes.
    std::string format() const;

    Scheme scheme() const { return scheme_; }

    /// The parent of `rank` among `size` brokers; none for rank 0. Requires rank < size.
    std::optional<std::uint32_t> parent_of(std::uint32_t rank, std::uint32_t size) const;

    bool operator==(const Topology&) const = default;

  private:
    Topology(Scheme scheme, std::optional<std::uint32_t> fanout)
        : scheme_(scheme), fanout_(fanout) {}

    Scheme scheme_ = Scheme::flat;
    std::optional<std::uint32_t> fanout_;
};

}  // namespace muster::broker_config
