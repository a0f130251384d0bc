// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/election.hpp"

#include <fmt/chrono.h>

#include <utility>

#include "muster/base/assert.hpp"

namespace muster::kube {
namespace {

/// meta/v1 MicroTime: RFC 3339 in UTC with six digits.
json::Value micro_time(WallTime time) {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(time);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
    const auto civil = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
    return json::Value::string(
        fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", civil, (micros - seconds).count()));
}

std::int64_t seconds_of(Duration duration) {
    return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

Election::Election(std::string name_space, std::string name, Options options, const Clock& clock)
    : name_space_(std::move(name_space)),
      name_(std::move(name)),
      options_(std::move(options)),
      clock_(&clock) {}

bool Election::is_leader() const {
    return leads_ && clock_->now() < leads_until();
}

TimePoint Election::leads_until() const {
    return leads_ ? renewed_at_ + options_.renew_deadline : clock_->now();
}

Election::Step Election::begin() {
    begun_at_ = clock_->now();
    if (leads_) return write(Waiting::renewal);
    waiting_ = Waiting::get;
    return Step{Step::What::get, json::Value()};
}

Election::Step Election::write(Waiting why) {
    waiting_ = why;
    const bool is_new = why == Waiting::create;
    if (is_new) observed_ = json::Value();
    return Step{is_new ? Step::What::create : Step::What::replace, lease(why)};
}

/// The Lease that we want: all that was observed, but for what its holder says.
json::Value Election::lease(Waiting why) const {
    const auto old = observed_.get("spec");
    const auto transitions = old.get("leaseTransitions").as_integer().value_or(0);
    const bool is_held = why != Waiting::release;
    const bool is_kept = why != Waiting::create && why != Waiting::takeover;
    const auto now = micro_time(clock_->wall());
    auto spec = json::Value::object();
    spec.set("holderIdentity", json::Value::string(is_held ? options_.identity : ""));
    spec.set("leaseDurationSeconds",
             json::Value::integer(is_held ? seconds_of(options_.duration) : 1));
    spec.set("acquireTime", is_kept && old.has("acquireTime") ? old.get("acquireTime") : now);
    spec.set("renewTime", now);
    spec.set("leaseTransitions",
             json::Value::integer(transitions + (why == Waiting::takeover ? 1 : 0)));
    auto metadata = observed_.get("metadata");
    if (metadata.is_null()) {
        metadata = json::Value::object();
        metadata.set("name", json::Value::string(name_));
        metadata.set("namespace", json::Value::string(name_space_));
    }
    auto lease = json::Value::object();
    lease.set("apiVersion", json::Value::string("coordination.k8s.io/v1"));
    lease.set("kind", json::Value::string("Lease"));
    return lease.set("metadata", metadata).set("spec", spec);
}

/// A lease that has changed is alive, from now on.
void Election::observe(const json::Value& lease) {
    if (observed_.is_null() || !(observed_.get("spec") == lease.get("spec")))
        observed_at_ = clock_->now();
    observed_ = lease;
    holder_ = lease.get("spec").get("holderIdentity").as_string().value_or("");
    if (holder_ != options_.identity) leads_ = false;
}

std::optional<Election::Step> Election::looked(const Answer& answer) {
    if (!answer) {
        if (!answer.error().is_not_found()) return std::nullopt;
        return write(Waiting::create);
    }
    observe(*answer);
    if (holder_ == options_.identity) return write(Waiting::renewal);
    const auto duration = std::chrono::seconds(
        observed_.get("spec").get("leaseDurationSeconds").as_integer().value_or(0));
    if (!holder_.empty() && clock_->now() < observed_at_ + duration) return std::nullopt;
    return write(Waiting::takeover);
}

std::optional<Election::Step> Election::answered(const Answer& answer) {
    const Waiting what = std::exchange(waiting_, Waiting::nothing);
    MUSTER_ASSERT(what != Waiting::nothing);
    if (what == Waiting::get) return looked(answer);
    if (answer) {
        observe(*answer);
        leads_ = what != Waiting::release && holder_ == options_.identity;
        if (leads_) renewed_at_ = begun_at_;
        return std::nullopt;
    }
    // Somebody else has written, or removed it: look at once.
    const bool is_stale = answer.error().is_conflict() || answer.error().is_not_found();
    if (what != Waiting::renewal || !is_stale) return std::nullopt;
    waiting_ = Waiting::get;
    return Step{Step::What::get, json::Value()};
}

std::optional<Election::Step> Election::release() {
    if (!leads_) return std::nullopt;
    leads_ = false;
    return write(Waiting::release);
}

}  // namespace muster::kube
