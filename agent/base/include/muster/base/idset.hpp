// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster {

/// A set of non-negative integers and its text form (RFC 22): "0-3,7", brackets optional on input.
class Idset {
  public:
    Idset() = default;

    /// Ids below `limit` only. Errors: malformed, naming the text and where it is wrong.
    static Result<Idset> parse(std::string_view text, std::uint32_t limit = 1u << 24);
    /// {first, ..., last}; empty when last < first.
    static Idset range(std::uint32_t first, std::uint32_t last);

    /// Canonical RFC 22 text, "" for the empty set.
    std::string format() const;

    void insert(std::uint32_t id);
    /// Inserts every id of `other`.
    void insert(const Idset& other);
    bool contains(std::uint32_t id) const;
    std::size_t size() const;
    /// The smallest and the largest id; the set must not be empty.
    std::uint32_t first() const { return ranges_.front().first; }
    std::uint32_t last() const { return ranges_.back().last; }
    bool empty() const { return ranges_.empty(); }
    /// The ids, ascending.
    std::vector<std::uint32_t> ids() const;

    bool operator==(const Idset&) const = default;

  private:
    struct Range {
        std::uint32_t first;
        std::uint32_t last;
        bool operator==(const Range&) const = default;
    };
    std::vector<Range> ranges_;  // ascending, disjoint, not adjacent
};

}  // namespace muster
