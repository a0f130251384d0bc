// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "muster/base/reactor.hpp"
#include "muster/kube.hpp"

namespace muster::controller {

/// Watches MiniClusters and what belongs to them, and carries out what decide() says. It keeps
/// nothing that the API server does not have, so that it can be ended and started at any time.
class Controller {
  public:
    struct Options {
        std::string name_space = {};  ///< empty: all
        std::string image = {};  ///< that muster is installed from, where a MiniCluster names none
        std::size_t at_once = 16;  ///< MiniClusters in hand at the same time
        unsigned seed = 0;         ///< of the jitter; 0: a random one
    };
    /// How often what was done, since the start.
    struct Counts {
        std::uint64_t passes = 0;    ///< looks at a MiniCluster
        std::uint64_t failures = 0;  ///< that were cut short, and came again later
        std::uint64_t writes = 0;    ///< objects created, changed or deleted
    };

    /// Starts at once; acts when all watches have told what there is. Everything given must outlive
    /// it.
    Controller(kube::ApiServer& server, Reactor& reactor, const Clock& clock,
               const Options& options);
    ~Controller();

    bool is_synced() const;
    const Counts& counts() const;
    std::size_t waiting() const;  ///< MiniClusters in the queue or in hand
    std::size_t miniclusters() const;

  private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace muster::controller
