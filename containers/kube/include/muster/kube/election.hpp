// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muster/base/clock.hpp"
#include "muster/kube/api_server.hpp"

namespace muster::kube {

/// Leader election over a Lease as client-go does it (k8s.io/client-go/tools/leaderelection), so
/// that both may take part in one. Passive: it says what to send, and is told the answers.
///
/// No clock is compared with another machine's: a lease is over when it has not changed for its
/// duration as we saw it, by our monotonic clock. A leader that could not renew it for
/// `renew_deadline` leads no more, before others may take it.
class Election {
  public:
    struct Options {
        std::string identity;
        Duration duration = std::chrono::seconds(15);
        Duration renew_deadline = std::chrono::seconds(10);
        Duration retry_period = std::chrono::seconds(2);
    };
    struct Step {
        enum class What { get, create, replace };
        What what;
        json::Value lease;  ///< to create, or to replace the old one with; of get none
    };

    Election(std::string name_space, std::string name, Options options, const Clock& clock);

    /// The first step of a try. A leader writes at once what it saw last, others look first.
    Step begin();
    /// The answer to a step: what to send next, or nothing when this try is over.
    std::optional<Step> answered(const Answer& answer);
    /// What gives our lease back; nothing unless we lead.
    std::optional<Step> release();

    /// Whether we lead: the last write was ours, and no longer ago than `renew_deadline`.
    bool is_leader() const;
    /// Until when we lead unless it is renewed; now or earlier when we do not.
    TimePoint leads_until() const;
    /// Who holds the lease as far as we saw; empty: nobody.
    const std::string& holder() const { return holder_; }

  private:
    /// What the next answer is to.
    enum class Waiting { nothing, get, create, renewal, takeover, release };
    Step write(Waiting why);
    json::Value lease(Waiting why) const;
    void observe(const json::Value& lease);
    std::optional<Step> looked(const Answer& answer);

    std::string name_space_, name_;
    Options options_;
    const Clock* clock_;
    Waiting waiting_ = Waiting::nothing;
    json::Value observed_;  ///< the whole Lease, as it was seen last
    std::string holder_;
    TimePoint observed_at_{};  ///< when its spec was first seen as it is
    TimePoint begun_at_{};
    TimePoint renewed_at_{};  ///< when the last try that wrote it was begun
    bool leads_ = false;      ///< the last write was ours, however long ago
};

}  // namespace muster::kube
