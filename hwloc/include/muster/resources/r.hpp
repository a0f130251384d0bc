// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/hostlist.hpp"
#include "muster/base/idset.hpp"
#include "muster/base/result.hpp"
#include "muster/resources/shape.hpp"

namespace muster::resources {

/// A resource set, RFC 20 version 1: what each rank's host offers.
struct R {
    struct Node {
        std::uint32_t rank;
        std::string host;
        Idset cores;  ///< logical ids; never empty
        Idset gpus;
        bool operator==(const Node&) const = default;
    };
    std::vector<Node> nodes;                  ///< ascending ranks, each once; never empty
    std::map<std::string, Idset> properties;  ///< name to ranks
    double starttime = 0.0;                   ///< seconds since the epoch; 0 is unset
    double expiration = 0.0;

    Idset ranks() const;
    Hostlist hosts() const;  ///< in rank order
    bool operator==(const R&) const = default;
};

/// R for `hosts`, rank i being hosts[i] with shapes[i]. One shape alone is every rank's.
/// Errors: config (no hosts, a host twice), internal (another number of shapes).
Result<R> make_R(const Hostlist& hosts, std::span<const Shape> shapes);

/// RFC 20 JSON in one line with a newline: ranks of equal resources grouped in one R_lite entry, in
/// order of their first rank, and the hosts compressed into one hostlist. The same R gives the same
/// bytes.
std::string format_R(const R& r);

/// Reads version 1 JSON as strictly as Flux does, and where Flux fails without a word, with one.
/// Unknown keys and unknown kinds of children are tolerated, as there. `source` names the text in
/// messages. Errors: malformed, "SOURCE: reason".
Result<R> parse_R(std::string_view text, std::string_view source);

/// The same resources with rank i being hosts[i]'s, whatever ranks the file said: what a Flux
/// broker with [bootstrap] does with resource.path. Errors: config, with Flux's own sentence
/// ("Number of hosts (4) is greater than node count (3)", "Host a not found in resources").
Result<R> rerank(const R& r, const Hostlist& hosts);

}  // namespace muster::resources
