// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "muster/base/reactor.hpp"
#include "muster/kube/election.hpp"
#include "muster/kube/requests.hpp"

namespace muster::kube {

/// HOST_UUID, as client-go's users call themselves: never the same twice, even in one host.
std::string make_identity();

/// Takes part in an election over a Lease for as long as it lives: tries to become the leader, and
/// as such renews the lease. Whoever loses it must do nothing more: another leads.
class Elector {
  public:
    struct Handlers {
        std::function<void()> on_lead;                     ///< we lead now
        std::function<void()> on_lost;                     ///< no more; nothing is tried again
        std::function<void(const std::string&)> on_other;  ///< another leads, by its identity
        std::function<void(const Failure&)> on_trouble;    ///< for the log
    };

    /// Starts at once, on the Lease `name_space`/`name`.
    Elector(ApiServer& server, Reactor& reactor, const Clock& clock, std::string name_space,
            std::string name, Election::Options options, Handlers handlers);
    ~Elector();

    bool is_leader() const;
    /// Gives the lease back where we hold it, so that another need not wait, and tries no more;
    /// `done` is called when that is written, or has failed.
    void release(std::function<void()> done);

  private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace muster::kube
