// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "walk.hpp"
#include "world.hpp"

namespace muster::discovery::world {

using testing::HasSubstr;
using Port = Host::Port;
using What = CurveOutcome::What;

inline constexpr Duration goal = 150ms;  // from what changed to all gates passed

class WalkTest : public testing::Test {
  protected:
    void listen(const std::string& address, What curve = What::accepted) {
        world.hosts[address] = {Port::listening, curve};
    }
    /// The name is there `delay` from now, and leads to `address`.
    void publish(const std::string& address, Duration delay = 0s) {
        world.let(delay, [this, address] { world.authority.names[name] = {address}; });
    }
    Pod& start(ReachRequest asked = request()) {
        pods.push_back(std::make_unique<Pod>(world, asked, pods.size() + 1));
        pods.back()->tick();
        return *pods.back();
    }
    void go(Duration limit = 15min) {
        std::vector<Pod*> all;
        for (const auto& pod : pods) all.push_back(pod.get());
        run(world, all, limit);
    }
    World world;
    std::vector<std::unique_ptr<Pod>> pods;
};

}  // namespace muster::discovery::world
