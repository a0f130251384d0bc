// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster {

/// An ordered list of host names and its text form (RFC 29): "a[0-3,7],b". Order and duplicates are
/// kept.
class Hostlist {
  public:
    Hostlist() = default;
    explicit Hostlist(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {}

    /// At most `limit` hosts. Errors: malformed, naming the text and where it is wrong.
    static Result<Hostlist> parse(std::string_view text, std::size_t limit = 1u << 20);

    /// RFC 29 text, compressed as flux compresses it: runs of one prefix with ascending numbers of
    /// one width in brackets. parse(format()) gives the same list.
    std::string format() const;

    const std::vector<std::string>& hosts() const { return hosts_; }
    std::size_t size() const { return hosts_.size(); }
    bool empty() const { return hosts_.empty(); }
    void append(std::string host) { hosts_.push_back(std::move(host)); }
    /// Position of the first host equal to `host`.
    std::optional<std::size_t> find(std::string_view host) const;
    /// The same list with every later duplicate removed, as Flux ranks it.
    Hostlist without_duplicates() const;

    bool operator==(const Hostlist&) const = default;

  private:
    std::vector<std::string> hosts_;
};

}  // namespace muster
