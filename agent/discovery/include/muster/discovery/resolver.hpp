// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/reactor.hpp"
#include "muster/base/result.hpp"

namespace muster::discovery {

enum class Family { any, ipv4, ipv6 };

/// A DNS record type; those without a name of ours by static_cast (65280 to 65534 are for private
/// use, RFC 6895).
enum class Type : std::uint16_t { a = 1, ptr = 12, aaaa = 28, srv = 33 };

/// "A", "AAAA", "SRV", "PTR", "TYPE65280" (RFC 3597).
std::string format(Type type);

/// One question, bit for bit: name, type, DO and CD are what caches tell questions apart by.
struct Question {
    std::string name;  ///< fully qualified; no search list is ever walked
    Type type = Type::a;
    bool dnssec_ok = false;          ///< DO: an OPT record with that bit (RFC 3225)
    bool checking_disabled = false;  ///< CD: the header's bit (RFC 4035)
    /// Begin with the next name server in turn, not with the first one that answers.
    bool in_turn = false;

    bool operator==(const Question&) const = default;
};

/// "m-0.flux. A", "m-0.flux. A +do +cd".
std::string format(const Question& question);

/// What came back, as much of it as one needs to judge it.
struct Reply {
    enum class Outcome {
        answered,        ///< addresses or names are filled
        no_data,         ///< the name exists, but has nothing of this type
        no_such_name,    ///< NXDOMAIN
        server_failure,  ///< SERVFAIL, or a reply that cannot be read
        refused,         ///< REFUSED or NOTIMP
        silence,         ///< no server answered in time
    };
    struct Address {
        std::string text;       ///< numeric
        std::uint32_t ttl = 0;  ///< seconds

        bool operator==(const Address&) const = default;
    };

    Outcome outcome = Outcome::silence;
    /// A, AAAA: of the answer, in its order. SRV: of the additional section, for its targets.
    std::vector<Address> addresses = {};
    std::vector<std::string> names = {};  ///< PTR and SRV: targets, fully qualified
    /// Of a denial: whether it carried an SOA record (without one no cache keeps it, RFC 2308), and
    /// for how many seconds a cache will keep it.
    bool has_soa = false;
    std::uint32_t denial_ttl = 0;
    std::string server = {};  ///< "10.96.0.10"; empty in silence
    /// The first name server has not answered of late: a broker's own look-up waits for it.
    bool first_server_silent = false;
    std::string text =
        {};  ///< for people: "no such name", "the name server failed (SERVFAIL)", ...

    /// The name is there, whether or not it has what was asked.
    bool exists() const { return outcome == Outcome::answered || outcome == Outcome::no_data; }
    bool is_denial() const {
        return outcome == Outcome::no_data || outcome == Outcome::no_such_name;
    }
};

/// Asks name servers. A seam: tests answer by hand.
class Resolver {
  public:
    using Callback = std::function<void(Reply)>;
    virtual ~Resolver() = default;
    /// Asks once; calls back from the reactor, never from here. Not after the resolver's end.
    virtual void ask(const Question& question, Callback callback) = 0;
};

/// The real one, over c-ares(3): no search list, no hosts file, no cache. Servers are asked in
/// order; one that is silent for 200 ms is joined by the next, and stands last until it answers
/// again. A failure (SERVFAIL, REFUSED) goes on to the next at once. Truncated replies are asked
/// for again over TCP. `servers` is "address[:port],..."; empty asks those of resolv.conf. Errors:
/// usage (servers cannot be parsed), internal.
Result<std::unique_ptr<Resolver>> make_resolver(Reactor& reactor, const std::string& servers);

/// The name whose PTR record tells the name of `address`: "1.0.0.127.in-addr.arpa." (RFC 1035,
/// 3.5; RFC 3596, 2.5). Empty when `address` is not numeric.
std::string reverse_name(std::string_view address);

}  // namespace muster::discovery
