// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/family.hpp"

#include <algorithm>

namespace muster::discovery {
namespace {

struct Families {
    bool ipv4 = false;
    bool ipv6 = false;

    void add(std::string_view address) {
        ipv4 = ipv4 || numeric_family(address) == NumericFamily::ipv4;
        ipv6 = ipv6 || numeric_family(address) == NumericFamily::ipv6;
    }
};

FamilyChoice choose(const Families& families) {
    if (!families.ipv6) return {.enable_ipv6 = false, .gates = Family::ipv4};
    return {.enable_ipv6 = true, .gates = families.ipv4 ? Family::any : Family::ipv6};
}

std::string list(std::span<const OwnAddress> own) {
    std::string text;
    for (const auto& one : own) text += (text.empty() ? "" : ", ") + one.address;
    return text;
}

Result<FamilyChoice> choose_asked(Family ip, const Families& families,
                                  std::span<const OwnAddress> own, bool numbers_given) {
    const bool has = ip == Family::ipv6 ? families.ipv6 : families.ipv4;
    if (!has && !own.empty() && !numbers_given)
        return fail(Kind::config,
                    "--ip (MUSTER_IP) is {}, but this pod has no such address, only {}: leave --ip "
                    "at auto",
                    ip == Family::ipv6 ? 6 : 4, list(own));
    return FamilyChoice{.enable_ipv6 = ip == Family::ipv6, .gates = ip};
}

/// What listening at `bind` allows.
Families families_at(std::string_view bind, const Families& all, std::span<const OwnAddress> own) {
    if (bind == "*" || bind == "::") return all;
    Families here;
    here.add(bind);
    if (here.ipv4 || here.ipv6) return here;
    for (const auto& one : own)
        if (one.interface == bind) here.add(one.address);
    if (!here.ipv4 && !here.ipv6) return all;
    return {.ipv4 = here.ipv4, .ipv6 = here.ipv6 && !here.ipv4};
}

}  // namespace

Result<FamilyChoice> choose_family(const FamilyRequest& request, std::span<const OwnAddress> own) {
    Families all;
    for (const auto& one : own) all.add(one.address);
    if (request.ip != Family::any)
        return choose_asked(request.ip, all, own, !request.addresses.empty());
    if (!request.addresses.empty()) {
        Families given;
        for (const auto& address : request.addresses) given.add(without_brackets(address));
        return choose(given);
    }
    auto choice = choose(families_at(without_brackets(request.bind), all, own));
    if (!choice.enable_ipv6 && numeric_family(request.leader_address) == NumericFamily::ipv6)
        choice = {.enable_ipv6 = true, .gates = Family::any};
    return choice;
}

}  // namespace muster::discovery
