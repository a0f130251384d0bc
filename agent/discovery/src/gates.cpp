// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/gates.hpp"

#include <fmt/format.h>

#include "muster/base/assert.hpp"
#include "words.hpp"

namespace muster::discovery {
namespace {

struct CauseRow {
    Cause cause;
    std::string_view name;
    Kind kind;
    std::string_view mend;
};

constexpr std::array<CauseRow, 14> cause_rows{{
    {Cause::no_such_name, "no such name", Kind::no_name,
     "start that pod, or mend the name (--service, --namespace, --domain); its Service must be "
     "headless, with publishNotReadyAddresses"},
    {Cause::no_address, "no address", Kind::no_name,
     "it has no address of the family asked for: mend --ip (MUSTER_IP), or the Service's "
     "ipFamilies"},
    {Cause::server_failure, "name server failed", Kind::no_name,
     "look at the cluster's DNS (CoreDNS and its log), or name another server with --dns "
     "(MUSTER_DNS)"},
    {Cause::server_refused, "name server refused", Kind::no_name,
     "it does not serve this zone: mend --domain (MUSTER_DOMAIN), or name another server with "
     "--dns (MUSTER_DNS)"},
    {Cause::silent_servers, "name servers silent", Kind::no_name,
     "allow UDP and TCP port 53 to the name servers of resolv.conf (NetworkPolicy), or name others "
     "with --dns (MUSTER_DNS)"},
    {Cause::silent_address, "address silent", Kind::unavailable,
     "something drops the packets (a NetworkPolicy or firewall), or the pod is gone and its record "
     "stayed: allow this port between the pods"},
    {Cause::unreachable_address, "address unreachable", Kind::unavailable,
     "there is no way there from this pod: look at its network and at --ip (MUSTER_IP)"},
    {Cause::connection_refused, "connection refused", Kind::unavailable,
     "its broker has not started or has ended (look at that pod's log), or it uses another --port "
     "(MUSTER_PORT)"},
    {Cause::parent_waits, "parent waits", Kind::unavailable,
     "see that pod's log for what keeps it, or run muster check in it"},
    {Cause::silent_listener, "listener silent", Kind::protocol,
     "it is no Flux broker, or it hangs: look at what listens there, or choose another --port "
     "(MUSTER_PORT)"},
    {Cause::closing_listener, "listener closes", Kind::protocol,
     "it is no Flux broker, or a proxy without one behind it: look at what listens there, or "
     "choose another --port (MUSTER_PORT)"},
    {Cause::no_broker, "no broker", Kind::protocol,
     "another program has this port: look at what listens there, or choose another --port "
     "(MUSTER_PORT)"},
    {Cause::other_certificate, "other certificate", Kind::protocol,
     "give all pods the same certificate (--cert) or secret (--secret); if they have it, this name "
     "leads to another instance"},
    {Cause::client_not_authorized, "client not authorized", Kind::protocol,
     "its server key is ours but our client key is not one that it knows: give all pods the same "
     "certificate file"},
}};

const CauseRow& row_of(Cause cause) {
    for (const auto& row : cause_rows)
        if (row.cause == cause) return row;
    MUSTER_ASSERT(!"a cause without a row");
    return cause_rows.front();
}

/// A name that is missing is mended where its platform makes it.
std::string_view mend_of(Cause cause, Platform platform) {
    if (platform == Platform::list && cause == Cause::no_such_name)
        return "start that pod, or mend its name in --hosts (MUSTER_HOSTS), or what stands "
               "behind it (--service, --domain)";
    if (platform == Platform::compose && cause == Cause::no_such_name)
        return "start that container (docker start), or bring the instance up anew (docker "
               "compose down, then up)";
    // It has told this container its own name.
    if (platform == Platform::compose && cause == Cause::silent_servers)
        return "start that container (docker start), or bring the instance up anew (docker "
               "compose down, then up): where the host's name servers cannot be reached, Docker's "
               "is silent about names that no container has";
    return row_of(cause).mend;
}

std::string_view verb_of(Gate gate) {
    switch (gate) {
        case Gate::name:
            return "resolve";
        case Gate::address:
        case Gate::listener:
            return "dial";
        case Gate::curve:
            return "shake hands with";
    }
    return "";
}

std::string format_evidence(const GateFailure& failure) {
    const auto& so_far = failure.so_far;
    std::string counts;
    const auto add = [&counts](int count, std::string_view what) {
        if (count > 0)
            counts += fmt::format("{}{} {} {}", counts.empty() ? "" : ", ", what, count,
                                  count == 1 ? "time" : "times");
    };
    add(so_far.questions, "asked");
    add(so_far.dials, "dialled");
    add(so_far.handshakes, "greeted");
    return fmt::format("{} in {}", counts.empty() ? "waited" : counts,
                       format_seconds(failure.waited));
}

}  // namespace

std::string_view format(Gate gate) {
    switch (gate) {
        case Gate::name:
            return "name";
        case Gate::address:
            return "address";
        case Gate::listener:
            return "listener";
        case Gate::curve:
            return "curve";
    }
    return "";
}

std::string_view format(Cause cause) {
    return row_of(cause).name;
}

void Attempts::add(Attempt attempt) {
    ++count_;
    if (first_.size() < kept_at_each_end) {
        first_.push_back(std::move(attempt));
    } else if (last_.size() < kept_at_each_end) {
        last_.push_back(std::move(attempt));
    } else {
        last_.at(oldest_) = std::move(attempt);
        oldest_ = (oldest_ + 1) % kept_at_each_end;
    }
}

std::vector<Attempt> Attempts::list() const {
    std::vector<Attempt> list = first_;
    for (std::size_t i = 0; i < last_.size(); ++i)
        list.push_back(last_.at((oldest_ + i) % last_.size()));
    return list;
}

std::string summarize(const GateFailure& failure) {
    return fmt::format("{} {}: {}", verb_of(failure.gate), failure.asked, failure.answered);
}

Error describe(const GateFailure& failure, std::string_view peer) {
    const auto& row = row_of(failure.cause);
    auto text = fmt::format("reach {}: {} ({}): {}", peer, summarize(failure),
                            format_evidence(failure), mend_of(failure.cause, failure.platform));
    if (failure.gate == Gate::name)
        for (const auto& doubt : failure.doubts) text += "; " + doubt;
    return {row.kind, std::move(text)};
}

}  // namespace muster::discovery
